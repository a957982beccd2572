/** Talks HTTP: cookie session, the header that unsafe methods need, problems as one error type. */

export const PREFIX = "api/v1";

/** The server said no, or did not answer (`status` 0). `word` is for the console, `detail` for people. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly word: string,
    readonly detail: string,
    readonly body: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail || word || `HTTP ${status}`);
  }

  /** Worth asking again without a change. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

type Listener = () => void;
let onSessionLost: Listener = () => undefined;

/** Called whenever an answer says that nobody is signed in (any more). */
export function whenSessionLost(listener: Listener): void {
  onSessionLost = listener;
}

interface Asked {
  method?: string;
  body?: unknown;
  form?: Record<string, string>;
  signal?: AbortSignal;
  timeout?: number;
}

export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const answer = await send(`${PREFIX}${path}`, asked);
  if (answer.ok) return (answer.status === 204 ? undefined : await answer.json()) as T;
  const problem = await readProblem(answer);
  if (answer.status === 401 && !path.startsWith("/auth/")) onSessionLost();
  throw problem;
}

/** A page outside of the API: its JSON whatever the status (`/readyz` answers 503 with a body). */
export async function peek<T>(path: string): Promise<T> {
  const answer = await send(path, {});
  if (!answer.headers.get("content-type")?.includes("json")) throw new Problem(answer.status, "no_json", "");
  return (await answer.json()) as T;
}

async function send(url: string, asked: Asked): Promise<Response> {
  const method = asked.method ?? "GET";
  const headers: Record<string, string> = { accept: "application/json" };
  let body: BodyInit | null = null;
  if (method !== "GET") headers["x-emberwatch"] = "1";
  if (asked.form) body = new URLSearchParams(asked.form);
  else if (asked.body !== undefined) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(asked.body);
  }
  const limit = AbortSignal.timeout(asked.timeout ?? 15_000);
  const signal = asked.signal && "any" in AbortSignal ? AbortSignal.any([asked.signal, limit]) : limit;
  try {
    return await fetch(url, { method, headers, body, signal, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw new Problem(0, limit.aborted ? "timeout" : "unreachable", "");
  }
}

async function readProblem(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as Record<string, unknown>;
    const detail = body["detail"];
    return new Problem(answer.status, text(body["word"]), typeof detail === "string" ? detail : text(body["title"]), body);
  } catch {
    return new Problem(answer.status, "", "");
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
