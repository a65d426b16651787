// Props of the parts of a token's page.
import type { TokenWithEtag } from "../data/tokens";

export interface TokenPartProps {
  known: TokenWithEtag;
  now: number;
  /** Reloads the token after a conflict. */
  read: () => Promise<TokenWithEtag | null>;
  onDone: (known: TokenWithEtag, message: string) => void;
}
