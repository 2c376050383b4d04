/* Unpack the Chromium that the package holds, with its libraries and a font, beside it. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { brotliDecompressSync } from "node:zlib";

const modules = new URL("node_modules/", import.meta.url).pathname;
const packed = `${modules}@sparticuz/chromium/bin/`;
const target = `${modules}.chromium`;
const unfinished = `${target}.${process.pid}`;

if (!existsSync(`${target}/run`)) {
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(`${unfinished}/chromium`, brotliDecompressSync(readFileSync(`${packed}chromium.br`)), { mode: 0o755 });
  for (const name of ["al2023", "fonts", "swiftshader"]) {
    const archive = `${unfinished}/${name}.tar`;
    writeFileSync(archive, brotliDecompressSync(readFileSync(`${packed}${name}.tar.br`)));
    execFileSync("tar", ["-xf", archive, "-C", unfinished]);
    rmSync(archive);
  }
  // The package's own list of folders is that of another machine.
  const fonts = `<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>`;
  writeFileSync(`${unfinished}/fonts.conf`, `<?xml version="1.0"?>\n${fonts}\n`);
  const run = `#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
LD_LIBRARY_PATH=$here/lib FONTCONFIG_PATH=$here exec "$here/chromium" "$@"
`;
  writeFileSync(`${unfinished}/run`, run, { mode: 0o755 });
  rmSync(target, { recursive: true, force: true });
  renameSync(unfinished, target);
}
