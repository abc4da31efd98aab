/** Makes a site of the pages of the repository. All links are relative, so that it can lie in any folder: one for each release. */
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path/posix';
import anchor from 'markdown-it-anchor';
import { groups } from './pages.js';

const OUTPUT = 'dist-docs';

/** Folders without pages. */
const noPages = ['node_modules', 'site', 'test', 'rules', 'src', 'dist', OUTPUT];

const isPage = (path) => path.endsWith('.md') && !noPages.includes(path.split('/')[0]);

/** Where a page lies on the site. */
const urlOf = (page) => page.replace(/README\.md$/, 'index.html').replace(/\.md$/, '.html');

/** As GitHub makes the ids of headings. */
const slugify = (text) =>
  text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');

/** Headings of each page, and the files that pages link to. */
const headings = new Map();
const files = new Set();

/** The link on the site; undefined where there is nothing to link to. */
function linkOn(page, href) {
  if (/^(\w+:|#)/.test(href)) return href;
  const [path, hash = ''] = href.split(/(?=#)/);
  const target = join(dirname(page), path);
  if (!existsSync(target)) return href;
  if (statSync(target).isDirectory()) {
    const index = join(target, 'README.md');
    return existsSync(index) ? linkOn(page, relative(dirname(page), index)) : undefined;
  }
  if (isPage(target)) return relative(dirname(page), urlOf(target)) + hash;
  files.add(target);
  return path;
}

function links(markdown) {
  const pageOf = ({ page }) => page.inputPath.replace(/^\.\//, '');
  markdown.renderer.rules.link_open = (tokens, index, options, env, self) => {
    const link = linkOn(pageOf(env), tokens[index].attrGet('href'));
    if (link === undefined) {
      tokens.slice(index).find(({ type }) => type === 'link_close').hidden = true;
      return '';
    }
    tokens[index].attrSet('href', link);
    return self.renderToken(tokens, index, options);
  };
  markdown.renderer.rules.link_close = (tokens, index, options, _env, self) =>
    tokens[index].hidden ? '' : self.renderToken(tokens, index, options);
  const image = markdown.renderer.rules.image;
  markdown.renderer.rules.image = (tokens, index, options, env, self) => {
    const path = tokens[index].attrGet('src');
    if (!/^\w+:/.test(path)) files.add(join(dirname(pageOf(env)), path));
    return image(tokens, index, options, env, self);
  };
  const fence = markdown.renderer.rules.fence;
  // What stands after the language says how the block is tested, which is for its tests.
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    tokens[index].info = tokens[index].info.split(' ')[0];
    return fence(tokens, index, ...rest);
  };
  markdown.renderer.rules.table_open = () => '<div class="table" tabindex="0" role="region" aria-label="Table"><table>';
  markdown.renderer.rules.table_close = () => '</table></div>';
  markdown.core.ruler.push('headings', ({ tokens, env }) => {
    const found = tokens.flatMap((token, at) => {
      if (token.type !== 'heading_open') return [];
      return [{ level: token.tag, id: token.attrGet('id'), text: tokens[at + 1].content.replaceAll('`', '') }];
    });
    headings.set(pageOf(env), found);
  });
}

export default function (eleventy) {
  eleventy.setUseGitIgnore(false);
  for (const folder of noPages) eleventy.ignores.add(`${folder}/**`);
  eleventy.amendLibrary('md', (markdown) => markdown.use(anchor, { slugify, tabIndex: false }).use(links));
  eleventy.addPassthroughCopy({ 'site/style.css': 'style.css', 'site/search.js': 'search.js' });
  const pathOf = ({ inputPath }) => inputPath.replace(/^\.\//, '');
  eleventy.addGlobalData('layout', 'page.njk');
  eleventy.addGlobalData('version', process.env.DOCS_VERSION ?? 'unreleased');
  eleventy.addGlobalData('eleventyComputed', { permalink: ({ page }) => urlOf(pathOf(page)) });
  eleventy.addFilter('root', (page) => `${relative(dirname(pathOf(page)), '.') || '.'}/`);
  eleventy.addFilter('title', (page) => headings.get(pathOf(page))?.find(({ level }) => level === 'h1')?.text);
  eleventy.addFilter('parts', (page) => headings.get(pathOf(page))?.filter(({ level }) => level === 'h2'));
  eleventy.addFilter('menu', (page) =>
    groups.map(([name, pages]) => ({
      name,
      pages: pages.map(([label, path]) => ({
        label,
        href: relative(dirname(pathOf(page)), urlOf(path)),
        isHere: path === pathOf(page),
      })),
    })),
  );
  eleventy.on('eleventy.after', () => {
    for (const file of files) {
      mkdirSync(join(OUTPUT, dirname(file)), { recursive: true });
      cpSync(file, join(OUTPUT, file));
    }
  });
  return {
    templateFormats: ['md'],
    // Pages have braces of their own.
    markdownTemplateEngine: false,
    dir: { input: '.', output: OUTPUT, includes: 'site/_includes' },
  };
}
