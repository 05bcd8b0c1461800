// Uses what JavaScript has of ICU, in languages that are there and in some that are not: test/scripts/icu_data_test.ts.
const assert = require("node:assert/strict");
const { domainToUnicode } = require("node:url");

const then = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
const TZ = { timeZone: "UTC" };

assert.equal(then.toLocaleString("en-US", TZ), "1/2/2026, 3:04:05 AM");
assert.equal(then.toLocaleString("en-GB", TZ), "02/01/2026, 03:04:05");
assert.match(then.toLocaleTimeString("en-US", { timeZone: "Europe/Berlin", timeStyle: "full" }), /^4:04:05.AM Central/);
assert.match(then.toString(), /2026/);
assert.equal((1234.5).toLocaleString("en"), "1,234.5");
const euros = new Intl.NumberFormat("en", { style: "currency", currency: "EUR", currencyDisplay: "name" });
assert.equal(euros.format(1), "1.00 euros");
assert.equal(new Intl.NumberFormat("en", { style: "unit", unit: "liter", unitDisplay: "long" }).format(2), "2 liters");
assert.equal(new Intl.DisplayNames("en", { type: "region" }).of("DE"), "Germany");
assert.equal(new Intl.ListFormat("en").format(["a", "b"]), "a and b");
assert.equal(new Intl.PluralRules("en", { type: "ordinal" }).select(2), "two");
assert.deepEqual(["z", "ä", "b"].sort((a, b) => a.localeCompare(b)), ["ä", "b", "z"]);
assert.equal("ﬁΑ\u0301".normalize("NFKC"), "fiΆ");
assert.equal("ÄΣ".toLowerCase(), "äς");
assert.equal("I".toLocaleLowerCase("tr"), "ı");
assert.match("한", /^\p{L}$/u);
assert.equal([...new Intl.Segmenter("en", { granularity: "word" }).segment("one two")].length, 3);
assert.equal(new URL("http://bücher.example/").host, "xn--bcher-kva.example");
assert.equal(domainToUnicode("xn--bcher-kva.example"), "bücher.example");
for (const encoding of ["utf-8", "utf-16le", "latin1"]) new TextDecoder(encoding).decode(new Uint8Array(2));
assert.throws(() => new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.of(0xff)), TypeError);
assert.throws(() => new TextDecoder("shift_jis"), { code: "ERR_ENCODING_NOT_SUPPORTED" });

// Whatever a language has, nothing may end the process.
for (const language of ["de-AT", "zh-Hant-TW", "th-u-ca-buddhist", "ar-u-nu-arab", "ja", "el", "xx", "my", undefined]) {
  then.toLocaleString(language, { dateStyle: "full", timeStyle: "full" });
  new Intl.NumberFormat(language, { notation: "compact", style: "currency", currency: "JPY" }).format(1e6);
  new Intl.NumberFormat(language, { style: "unit", unit: "byte" }).format(1);
  new Intl.DisplayNames(language ?? "en", { type: "language" }).of("fr");
  new Intl.RelativeTimeFormat(language).format(-1, "day");
  new Intl.ListFormat(language).format(["a", "b"]);
  new Intl.PluralRules(language).select(2);
  new Intl.Collator(language, { usage: "search" }).compare("ä", "中");
  for (const granularity of ["grapheme", "word", "sentence"]) {
    assert.ok([...new Intl.Segmenter(language, { granularity }).segment("Hello ภาษาไทย 日本語。")].length > 0);
  }
  ["ıİΣß".toLocaleUpperCase(language), "ıİΣß".toLocaleLowerCase(language)];
}
for (const timeZone of Intl.supportedValuesOf("timeZone").slice(0, 50)) {
  then.toLocaleString("en", { timeZone, timeZoneName: "longGeneric" });
}
process.stdout.write("to the end");
