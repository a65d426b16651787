// The versions of the catalog, and what would change if one of them were published again.
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../api/problem";
import type { CatalogVersion } from "../api/types";
import type { ReadCatalog } from "../data/catalog";
import { readCatalogVersion, readCatalogVersions } from "../data/catalog-versions";
import { Actor } from "../ui/actor";
import { Dialog } from "../ui/dialog";
import { Diff } from "../ui/diff";
import { Loading } from "../ui/loading";
import { ProblemNote } from "../ui/problem-note";
import { Time, useNow } from "../ui/time";
import { catalogText } from "./catalog-editor";

interface CatalogVersionsProps {
  /** The current version. */
  read: ReadCatalog;
  /** Gets the text to edit; null if the user may not write the catalog. */
  onRestore: ((text: string) => void) | null;
}

export function CatalogVersions(props: CatalogVersionsProps) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Version history</summary>
      {open && <Versions {...props} />}
    </details>
  );
}

function Versions({ read, onRestore }: CatalogVersionsProps) {
  const [versions, setVersions] = useState<CatalogVersion[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [open, setOpen] = useState<number | null>(null);
  const now = useNow();
  useEffect(() => {
    readCatalogVersions().then(setVersions, (error: unknown) => setProblem(Problem.from(error)));
  }, []);
  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      {versions === null && problem === null && <Loading what="the versions" />}
      {versions?.length === 0 && <p class="hint">No versions yet. Each change adds one, and the newest 50 are kept.</p>}
      {versions !== null && versions.length > 0 && (
        <ol class="timeline">
          {versions.map(({ version, created_at: at, created_by: by }) => (
            <li key={version}>
              <p>
                <strong>Version {version}</strong> by <Actor by={by} />{" "}
                <span class="quiet">
                  <Time at={at} now={now} />
                </span>
              </p>
              {read.etag === `"${version}"` ? (
                <p class="hint">Current version</p>
              ) : (
                <button type="button" class="plain link" onClick={() => setOpen(version)}>
                  Compare<span class="unseen"> version {version}</span> with the current version
                </button>
              )}
            </li>
          ))}
        </ol>
      )}
      {open !== null && <VersionDialog version={open} current={catalogText(read.catalog)} onRestore={onRestore} onClose={() => setOpen(null)} />}
    </>
  );
}

interface VersionDialogProps {
  version: number;
  /** The text of the current version. */
  current: string;
  onRestore: ((text: string) => void) | null;
  onClose: () => void;
}

function VersionDialog({ version, current, onRestore, onClose }: VersionDialogProps) {
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    readCatalogVersion(version).then(
      (catalog) => setText(catalogText(catalog)),
      (error: unknown) => setProblem(Problem.from(error)),
    );
  }, [version]);
  return (
    <Dialog title={`Version ${version}`} onClose={onClose}>
      {problem && <ProblemNote problem={problem} />}
      {text === null && problem === null && <Loading what="the version" />}
      {text !== null && (
        <>
          <p>The differences from the current version:</p>
          <Diff before={current.split("\n")} after={text.split("\n")} label={`Differences of version ${version}`} />
        </>
      )}
      <p class="actions">
        <button type="button" onClick={onClose}>
          Close
        </button>
        {onRestore !== null && text !== null && text !== current && (
          <button type="button" class="primary" onClick={() => onRestore(text)}>
            Restore this version
          </button>
        )}
      </p>
    </Dialog>
  );
}
