// Would this request be let in, and what says so?
import { useState } from "preact/hooks";
import { answer, api } from "../api/client";
import { Problem } from "../api/problem";
import type { Explanation, Token } from "../api/types";
import { refusal } from "../domain/labels";
import { Field } from "../ui/field";
import { ProblemNote } from "../ui/problem-note";
import { Choice } from "../ui/choice";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "$connect"];
const RULES = { catalog: "the catalog’s route", convention: "the convention, as the catalog lists no route", portcullis: "this service’s own rules" };

export function Explain({ token }: { token: Token }) {
  const [method, setMethod] = useState("GET");
  const [path, setPath] = useState("");
  const [ip, setIp] = useState("");
  const [own, setOwn] = useState(false);
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<{ explanation: Explanation; address: string } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const at = (field: string) => problem?.at(field) ?? [];
  async function ask() {
    setBusy(true);
    setProblem(null);
    setTold(null);
    const body = {
      token_id: token.id,
      method,
      path: path.startsWith("/") ? path : `/${path}`,
      api: own ? ("tokens" as const) : ("protected" as const),
      ...(ip.trim() ? { source_ip: ip.trim() } : {}),
    };
    try {
      const { data } = await answer(api.POST("/explain", { body }));
      setTold({ explanation: data, address: ip.trim() });
    } catch (error) {
      setProblem(Problem.from(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <section aria-labelledby="explain">
      <h2 id="explain">Would it be let in?</h2>
      <p class="hint">Asks for the decision on a request; nothing is sent anywhere.</p>
      <form
        class="explain"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void ask();
        }}
      >
        <Field label="Method" errors={at("method")}>
          {(ids) => (
            <select {...ids} value={method} onChange={(event) => setMethod(event.currentTarget.value)}>
              {METHODS.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Path" errors={at("path")}>
          {(ids) => (
            <input {...ids} class="mono" required placeholder="/apps/billing" spellcheck={false} autocomplete="off" value={path} onInput={(event) => setPath(event.currentTarget.value)} />
          )}
        </Field>
        <Field label="From the address" optional errors={at("source_ip")}>
          {(ids) => <input {...ids} class="mono" placeholder="192.0.2.7" spellcheck={false} autocomplete="off" value={ip} onInput={(event) => setIp(event.currentTarget.value)} />}
        </Field>
        <Choice label="A call to this service itself" checked={own} onChange={setOwn} />
        <button type="submit" disabled={busy}>
          Explain
        </button>
      </form>
      {problem && <ProblemNote problem={problem} fields={["method", "path", "source_ip"]} />}
      <div aria-live="polite">{told && <Told told={told.explanation} address={told.address} />}</div>
    </section>
  );
}

function Told({ told, address }: { told: Explanation; address: string }) {
  const rule = told.rule && (
    <p>
      This is said by {RULES[told.rule.source]}
      {told.rule.route !== null && (
        <>
          {" "}
          <code>{told.rule.route}</code>
        </>
      )}
      .
    </p>
  );
  if (told.decision === "allow") {
    return (
      <div class="note good">
        <p>
          <strong>Let in.</strong> {told.permission !== null && `It needs “${told.permission}” on “${told.resource ?? ""}”, which the token has.`}
        </p>
        {rule}
      </div>
    );
  }
  const { why, remedy } = refusal(told, address);
  return (
    <div class="note bad">
      <p>
        <strong>Refused{told.status === null ? "" : ` with ${told.status}`}.</strong> {why}
      </p>
      <p>{remedy}</p>
      {rule}
    </div>
  );
}
