// Props of the parts of a token's page.
import type { TokenWithEtag } from "../data/tokens";
import type { Addition } from "../domain/grants";

/** Opens the form that edits the permissions, with an addition; null if the caller cannot edit now. */
export type AddGrant = ((addition: Addition) => void) | null;

export interface TokenPartProps {
  loaded: TokenWithEtag;
  now: number;
  /** Reloads the token after a conflict. */
  read: () => Promise<TokenWithEtag | null>;
  onDone: (loaded: TokenWithEtag, message: string) => void;
}
