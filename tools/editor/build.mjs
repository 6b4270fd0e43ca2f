// Makes akachat/ui/assets/codemirror.js, and the licences of what is in it.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const assets = join(here, "../../akachat/ui/assets");

/** The packages that esbuild took something of, by name. */
function packagesOf(metafile) {
  const folders = new Set();
  for (const path of Object.keys(metafile.inputs)) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found) folders.add(found[1]);
  }
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf-8"));
    const file = readdirSync(join(here, folder)).find((each) => /^licen[cs]e/i.test(each));
    if (!file) throw new Error(`${name} has no licence file`);
    return { name, version, license, text: readFileSync(join(here, folder, file), "utf-8").trim() };
  });
}

const options = { absWorkingDir: here, entryPoints: ["entry.js"], bundle: true, format: "iife", globalName: "CodeMirror", target: "es2022" };
const { metafile } = await build({ ...options, metafile: true, write: false });
const packages = packagesOf(metafile);
const names = packages.map(({ name, version }) => `${name} ${version}`).join(", ");
const out = join(assets, "codemirror.js");
await build({
  ...options,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  banner: { js: `/* Built by tools/editor; licences: codemirror.LICENSES.txt. ${names} */` },
  outfile: out,
});
const licences = packages.map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`);
writeFileSync(join(assets, "codemirror.LICENSES.txt"), `What codemirror.js is made of.\n\n${licences.join(`\n${"-".repeat(72)}\n\n`)}`);
console.log(`${relative(process.cwd(), out)}: ${Math.round(readFileSync(out).length / 1000)} kB of ${packages.length} packages`);
