/** Shows the OpenAPI document as a page: every operation, its input and its answers. */

import { byId, fromTemplate } from "./dom.js";
import { send } from "./http.js";
import { say } from "./words.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

function resolve(document_, node) {
  if (!node?.$ref) return node ?? {};
  return resolve(document_, node.$ref.slice(2).split("/").reduce((part, key) => part[key], document_));
}

/** Returns a schema in a few words: "string or null", "array of Download". */
function describeType(document_, schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.enum) return schema.enum.join(" | ");
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return alternatives.map((one) => describeType(document_, one)).join(` ${say("docs.or")} `);
  if (schema.type === "array") return say("docs.array_of", { type: describeType(document_, schema.items) });
  const type = [schema.type ?? "any"].flat().join(` ${say("docs.or")} `);
  return schema.format ? `${type} (${schema.format})` : type;
}

function table(title, rows) {
  const element = fromTemplate("table-template");
  element.querySelector("h3").textContent = title;
  const body = element.querySelector("tbody");
  for (const cells of rows) {
    const row = body.insertRow();
    for (const [index, text] of cells.entries()) {
      const cell = row.insertCell();
      if (index === 0) cell.append(Object.assign(document.createElement("code"), { textContent: text }));
      else cell.textContent = text;
    }
  }
  return element;
}

function fieldRows(document_, schema) {
  const target = resolve(document_, schema.type === "array" ? schema.items : schema);
  const required = new Set(target.required ?? []);
  return Object.entries(target.properties ?? {}).map(([name, field]) => [
    name, describeType(document_, field), required.has(name) ? say("docs.required") : "", field.description ?? "",
  ]);
}

function parts(document_, operation, shared) {
  const found = [];
  const parameters = [...shared, ...(operation.parameters ?? [])].map((one) => resolve(document_, one));
  if (parameters.length) {
    found.push(table(say("docs.parameters"), parameters.map((one) => [
      one.name, say("docs.in", { place: one.in, type: describeType(document_, one.schema) }), one.required ? say("docs.required") : "", one.description ?? one.schema?.description ?? "",
    ])));
  }
  const body = resolve(document_, operation.requestBody).content?.["application/json"]?.schema;
  if (body) found.push(table(say("docs.body"), fieldRows(document_, body)));
  for (const [status, answer] of Object.entries(operation.responses ?? {})) {
    const { description, content } = resolve(document_, answer);
    const schema = Object.values(content ?? {})[0]?.schema;
    const title = say("docs.answer", { status, description: `${description ?? ""} ${describeType(document_, schema)}`.trim() });
    const rows = schema && Number(status) < 300 ? fieldRows(document_, schema) : [];
    if (Number(status) < 500 && status !== "default") found.push(table(title, rows));
  }
  return found;
}

function operationElement(document_, path, method, operation, shared) {
  const element = fromTemplate("operation-template");
  element.querySelector(".method").textContent = method.toUpperCase();
  element.querySelector(".path").textContent = path;
  element.querySelector(".summary").textContent = operation.summary ?? "";
  element.querySelector(".description").textContent = operation.description ?? "";
  element.querySelector(".tables").append(...parts(document_, operation, shared));
  return element;
}

function tagElement(document_, { name, description }) {
  const section = fromTemplate("tag-template");
  section.id = name;
  section.querySelector("h2").textContent = name;
  section.querySelector(".about").textContent = description ?? "";
  for (const [path, item] of Object.entries(document_.paths)) {
    for (const method of METHODS) {
      if (!item[method]?.tags?.includes(name)) continue;
      section.append(operationElement(document_, path, method, item[method], item.parameters ?? []));
    }
  }
  return section;
}

const api = await send("GET", "api/openapi.json");
for (const tag of api.tags) {
  byId("operations").append(tagElement(api, tag));
  const link = Object.assign(document.createElement("a"), { href: `#${tag.name}`, textContent: tag.name });
  const item = document.createElement("li");
  item.append(link);
  byId("contents").firstElementChild?.append(item);
}
