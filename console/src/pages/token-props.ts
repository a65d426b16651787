// What the parts of a token's page are given.
import type { TokenWithEtag } from "../data/tokens";

export interface TokenPartProps {
  known: TokenWithEtag;
  now: number;
  /** Reads the token again, where it has changed in the meantime. */
  read: () => Promise<TokenWithEtag | null>;
  onDone: (known: TokenWithEtag, said: string) => void;
}
