/**
 * All words of the page, in the language that the server has chosen (`<html lang>`).
 *
 * They stand in `words/en.json`; another language is one more such file. What it lacks is said in English.
 */

import EN from "./words/en.json" with { type: "json" };

/**
 * @typedef {keyof typeof EN} Key
 * @typedef {string | Partial<Record<Intl.LDMLPluralRule, string>>} Phrase a text, or one for each plural form of `count`
 */

const language = document.documentElement.lang;
/** @type {Record<string, Phrase>} */
const PHRASES = language === "en" ? EN : { ...EN, ...(await import(`./words/${language}.json`, { with: { type: "json" } })).default };

/** For `Intl`: the reader's own form of the page's language ("en-GB"), so that dates look as they are used to. */
export const locale = navigator.languages.find((one) => one.split("-")[0] === language.split("-")[0]) ?? language;

const plurals = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(locale);

/**
 * The words of `key`, with `values` in the places of the same names. Numbers are written as the language does.
 * @param {Key} key
 * @param {Record<string, string | number | null>} [values]
 * @returns {string}
 */
export function say(key, values) {
  return fill(PHRASES[key], values);
}

/**
 * The words of `group.name`, where `name` comes from the server; the name itself if we have no words for it.
 * @param {string} group
 * @param {string} name
 */
export function sayNamed(group, name) {
  const phrase = PHRASES[`${group}.${name}`];
  return phrase === undefined ? name : fill(phrase);
}

/**
 * @param {Phrase} phrase
 * @param {Record<string, string | number | null>} [values]
 */
function fill(phrase, values) {
  const text = typeof phrase === "string" ? phrase : (phrase[plurals.select(Number(values?.count))] ?? phrase.other ?? "");
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? numbers.format(value) : `${value ?? ""}`;
  });
}
