#!/usr/bin/env bash
# scripts/pages.sh PAGE.html...: look at pages in a browser, 400 and 1200 pixels wide, light and dark.
# Fails where a page scrolls sideways or axe finds something serious. Needs Chromium (CHROMIUM=path
# where it is not found) and npm, which fetches playwright-core and axe-core into a folder that is
# removed at the end.
set -euo pipefail
[ $# -gt 0 ] || { sed -n '2,5s/^# //p' "$0"; exit 2; }
browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
pages=()
for page in "$@"; do pages+=("$(realpath "$page")"); done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-save --prefix "$work" playwright-core@1 axe-core@4 >/dev/null
cat >look.js <<'JS'
const { chromium } = require('playwright-core');
const [browser, axe, ...pages] = process.argv.slice(2);
(async () => {
  let faults = 0;
  const program = await chromium.launch({ executablePath: browser, args: ['--no-sandbox'] });
  for (const page of pages) for (const width of [400, 1200]) for (const colorScheme of ['light', 'dark']) {
    const context = await program.newContext({ viewport: { width, height: 900 }, colorScheme });
    const tab = await context.newPage();
    await tab.goto('file://' + page);
    const wide = await tab.evaluate(() => document.documentElement.scrollWidth);
    await tab.addScriptTag({ path: axe });
    const found = await tab.evaluate(async () => (await axe.run(document)).violations
      .map(one => ({ impact: one.impact, id: one.id, where: one.nodes.map(node => node.target.join(' ')) })));
    const serious = found.filter(one => ['serious', 'critical'].includes(one.impact));
    faults += serious.length + (wide > width ? 1 : 0);
    console.log(`${page} at ${width} ${colorScheme}: ${wide > width ? `scrolls to ${wide}` : 'fits'}, `
      + `${serious.length} serious, ${found.length - serious.length} lesser`);
    for (const one of found) console.log(`  ${one.impact} ${one.id}: ${one.where.slice(0, 3).join('; ')}`);
    await context.close();
  }
  await program.close();
  process.exit(faults ? 1 : 0);
})();
JS
node look.js "$browser" "$work/node_modules/axe-core/axe.min.js" "${pages[@]}"
