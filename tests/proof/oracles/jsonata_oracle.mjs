// Answers each line {expression, bindings} with {value}, {nothing: why} or {error}, as JSON, by
// the jsonata package in the folder given as argument.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { join } from "node:path";

const jsonata = createRequire(join(process.argv[2], "index.js"))("jsonata");

function unlikeJson(value, inside) {
  if (value === undefined) return inside ? "undefined inside" : "undefined";
  if (typeof value === "function") return "a function";
  if (value === null || typeof value !== "object") return null;
  if (value._jsonata_lambda || value._jsonata_function) return "a function";
  for (const inner of Object.values(value)) {
    const why = unlikeJson(inner, true);
    if (why) return why;
  }
  return null;
}

// JSON has no such numbers; Step Functions writes their names.
function written(value) {
  return JSON.parse(
    JSON.stringify(value, (_, inner) =>
      typeof inner === "number" && !Number.isFinite(inner) ? String(inner) : inner,
    ),
  );
}

async function answer({ expression, bindings }) {
  try {
    const value = await jsonata(expression).evaluate(undefined, bindings);
    const nothing = unlikeJson(value, false);
    return nothing ? { nothing } : { value: written(value) };
  } catch (error) {
    return { error: `${error.code}: ${error.message}` };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
