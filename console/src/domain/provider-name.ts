// Names of sign-in providers.

/** Providers whose host does not tell users where they will sign in. */
const NAMES: [host: RegExp, name: string][] = [
  [/^accounts\.google\.com$/, "Google"],
  [/^login\.microsoftonline\.com$/, "Microsoft"],
  [/^cognito-idp\.[a-z0-9-]+\.amazonaws\.com$/, "Amazon Cognito"],
];

/** The provider's name, or its host. The issuer of `cargo run` has the service's own origin. */
export function providerName(issuer: string, api: string): string {
  const { host, hostname, origin } = new URL(issuer);
  if (origin === new URL(api).origin) return "the development provider";
  return NAMES.find(([pattern]) => pattern.test(hostname))?.[1] ?? host;
}
