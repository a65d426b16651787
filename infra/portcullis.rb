# Homebrew formula. `make release` fills in version, URLs and checksums.
class Portcullis < Formula
  desc "Manage API tokens for APIs on Amazon API Gateway"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "@RELEASE@/portcullis-aarch64-apple-darwin.tar.gz"
      sha256 "@portcullis-aarch64-apple-darwin.tar.gz@"
    end
    on_intel do
      url "@RELEASE@/portcullis-x86_64-apple-darwin.tar.gz"
      sha256 "@portcullis-x86_64-apple-darwin.tar.gz@"
    end
  end

  on_linux do
    on_arm do
      url "@RELEASE@/portcullis-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@portcullis-aarch64-unknown-linux-musl.tar.gz@"
    end
    on_intel do
      url "@RELEASE@/portcullis-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@portcullis-x86_64-unknown-linux-musl.tar.gz@"
    end
  end

  def install
    bin.install "portcullis"
    generate_completions_from_executable(bin/"portcullis", "completions")
    system bin/"portcullis", "man", man1
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/portcullis --version")
  end
end
