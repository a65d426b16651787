// Props of the parts of a token's page.
import type { TokenWithEtag } from "../data/tokens";

export interface TokenPartProps {
  loaded: TokenWithEtag;
  now: number;
  /** Reloads the token after a conflict. */
  read: () => Promise<TokenWithEtag | null>;
  onDone: (loaded: TokenWithEtag, message: string) => void;
}
