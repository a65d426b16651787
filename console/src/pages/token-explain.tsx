// Tests whether a request with the token would be allowed, and shows the rule that decides.
import { useState } from "preact/hooks";
import { api, unwrap } from "../api/client";
import type { Explanation, Token } from "../api/types";
import { approvalHash } from "../domain/approvals";
import { refusal } from "../domain/labels";
import { parseRequestPath, withoutStage, type RequestPath } from "../domain/request-path";
import { Field } from "../ui/field";
import { Form, SubmitButton } from "../ui/form";
import { ProblemNote } from "../ui/problem-note";
import { Choice } from "../ui/choice";
import { useAction } from "../ui/use-action";
import type { AddGrant } from "./token-props";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "$connect"];
const RULES = { catalog: "catalog route", convention: "default (no matching catalog route)", portcullis: "built-in" };

/** `stage` is the one that was left out. */
interface Tested extends RequestPath {
  explanation: Explanation;
  address: string;
}

export function Explain({ token, onAdd }: { token: Token; onAdd: AddGrant }) {
  const [method, setMethod] = useState("GET");
  const [path, setPath] = useState("");
  const [ip, setIp] = useState("");
  const [own, setOwn] = useState(false);
  const [leaveOutStage, setLeaveOutStage] = useState(true);
  const { stage } = parseRequestPath(path);
  const [result, setResult] = useState<Tested | null>(null);
  const action = useAction(async () => {
    setResult(null);
    const parsed = parseRequestPath(path);
    const request = parsed.stage !== null && leaveOutStage ? { ...parsed, path: withoutStage(parsed.path) } : { ...parsed, stage: null };
    const tested = { ...request, address: ip.trim() };
    const body = {
      token_id: token.id,
      method,
      path: tested.path,
      api: own ? ("tokens" as const) : ("protected" as const),
      ...(tested.address ? { source_ip: tested.address } : {}),
    };
    const { data } = await unwrap(api.POST("/explain", { body }));
    setResult({ ...tested, explanation: data });
    return "again";
  });
  const { problem } = action;
  const at = (field: string) => problem?.at(field) ?? [];
  return (
    <section aria-labelledby="explain">
      <h2 id="explain">Test a request</h2>
      <p class="hint">See whether a request would be allowed. Nothing is sent to your API.</p>
      <Form class="explain" action={action}>
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
        <Field label="Source IP" optional errors={at("source_ip")}>
          {(ids) => <input {...ids} class="mono" placeholder="192.0.2.7" spellcheck={false} autocomplete="off" value={ip} onInput={(event) => setIp(event.currentTarget.value)} />}
        </Field>
        <Choice label="Portcullis API" checked={own} onChange={setOwn} />
        {stage !== null && <Choice label={`“${stage}” is the API’s stage`} checked={leaveOutStage} onChange={setLeaveOutStage} />}
        <SubmitButton action={action} label="Test" pending="Testing…" class="" />
      </Form>
      {problem && <ProblemNote problem={problem} fields={["method", "path", "source_ip"]} />}
      <div aria-live="polite">{result && <Decision tested={result} onAdd={onAdd} />}</div>
    </section>
  );
}

function Decision({ tested, onAdd }: { tested: Tested; onAdd: AddGrant }) {
  const result = tested.explanation;
  const leftOut = [tested.stage === null ? [] : `the stage “${tested.stage}”`, tested.hadQuery ? "the query string" : []].flat();
  const rule = (
    <>
      {result.rule && (
        <p>
          Rule: {RULES[result.rule.source]}
          {result.rule.route !== null && (
            <>
              {" "}
              <code>{result.rule.route}</code>
            </>
          )}
        </p>
      )}
      {leftOut.length > 0 && (
        <p>
          Tested {tested.path}, without {leftOut.join(" and ")}.
        </p>
      )}
    </>
  );
  if (result.decision === "allow") {
    return (
      <div class="note good">
        <p>
          <strong>Allowed.</strong> {result.permission !== null && `Requires ${result.permission} on ${result.resource ?? ""}.`}
          {result.approval_id !== undefined && (
            <>
              {" "}
              The token has <a href={approvalHash(result.approval_id)}>an approval</a> for it.
            </>
          )}
        </p>
        {rule}
      </div>
    );
  }
  const { why, remedy, addition } = refusal(result, tested);
  return (
    <div class="note bad">
      <p>
        <strong>Denied{result.status === null ? "" : ` (${result.status})`}.</strong> {why}
      </p>
      {addition && onAdd ? (
        <p>
          <button type="button" onClick={() => onAdd(addition.adds)}>
            {addition.label}
          </button>
          {addition.beside}
        </p>
      ) : (
        <p>{remedy}</p>
      )}
      {rule}
    </div>
  );
}
