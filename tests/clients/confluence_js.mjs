// confluence.js, unmodified, against the offline API: it validates every answer against its schemas.
// Environment: CONFMIRROR_URL, CONFMIRROR_TOKEN. Prints what it did as one line of JSON.

import assert from 'node:assert/strict';
import { createV1Client, createV2Client } from 'confluence.js';

const config = {
  host: process.env.CONFMIRROR_URL,
  auth: { type: 'bearer', token: process.env.CONFMIRROR_TOKEN },
};
const confluence = createV2Client(config);

function cursorOf(answer) {
  const next = answer._links?.next;
  return next ? new URL(next, config.host).searchParams.get('cursor') : undefined;
}

async function walk(ask, limit) {
  const rows = [];
  let cursor;
  do {
    const answer = await ask({ limit, cursor });
    rows.push(...answer.results);
    cursor = cursorOf(answer);
  } while (cursor);
  return rows;
}

async function refused(status, promise) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.status, status, String(error));
    assert.ok(error.body.errors[0].title, 'an error of the v2 API has a title');
    return true;
  });
}

// Whoever has not the token gets nothing, and is told so as by Confluence.
async function strangers() {
  const wrong = { type: 'bearer', token: config.auth.token.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x')) };
  const basic = { type: 'basic', email: 'bot@example.com', apiToken: wrong.token };
  for (const auth of [undefined, wrong, basic]) {
    const stranger = createV2Client({ host: config.host, auth });
    await refused(401, stranger.space.getSpaces({}));
    await refused(401, stranger.page.getPageById({ id: 1 }));
    await refused(401, stranger.page.deletePage({ id: 1 }));
  }
  // The password of Basic is the token, for clients that know nothing else.
  const basicToo = createV2Client({ host: config.host, auth: { ...basic, apiToken: config.auth.token } });
  assert.ok((await basicToo.space.getSpaces({})).results.length > 0);
}

async function reads() {
  const spaces = await walk((part) => confluence.space.getSpaces({ ...part }), 2);
  assert.ok(spaces.length > 2);
  const described = await confluence.space.getSpaces({ descriptionFormat: 'plain', includeIcon: true });
  assert.ok(described.results.some((space) => space.description?.plain?.value));
  const space = await confluence.space.getSpaceById({ id: spaces[0].id, includeLabels: true });
  assert.equal(space.key, spaces[0].key);

  const pages = await walk((part) => confluence.page.getPages({ ...part, sort: 'id' }), 50);
  const ids = new Set(pages.map((page) => page.id));
  assert.equal(ids.size, pages.length, 'a page was listed twice');
  let inSpaces = 0;
  for (const { id } of spaces) {
    inSpaces += (await walk((part) => confluence.page.getPagesInSpace({ id, ...part }), 50)).length;
  }
  assert.equal(inSpaces, pages.length);

  const listed = pages.find((page) => page.parentType === 'page' && page.status === 'current' && page.version.number > 1);
  const page = await confluence.page.getPageById({ id: listed.id, bodyFormat: 'storage', includeVersions: true });
  assert.equal(page.title, listed.title);
  assert.ok(page.createdAt instanceof Date);
  assert.ok(page.body.storage.value.length > 0);

  const versions = await walk((part) => confluence.version.getPageVersions({ id: page.id, bodyFormat: 'storage', ...part }), 2);
  assert.equal(versions[0].number, page.version.number);
  assert.equal(versions[0].page.body.storage.value, page.body.storage.value);
  const detail = await confluence.version.getPageVersionDetails({ pageId: page.id, versionNumber: versions[0].number });
  assert.equal(detail.prevVersion, versions[1].number);
  const older = await confluence.page.getPageById({ id: page.id, version: versions[1].number, bodyFormat: 'storage' });
  assert.equal(older.body.storage.value, versions[1].page.body.storage.value);

  const children = await walk((part) => confluence.children.getChildPages({ id: page.parentId, ...part }), 2);
  assert.ok(children.some((child) => child.id === page.id));
  const direct = await walk((part) => confluence.children.getPageDirectChildren({ id: page.parentId, ...part }), 2);
  assert.ok(direct.some((child) => child.id === page.id));
  const ancestors = await confluence.ancestors.getPageAncestors({ id: page.id });
  assert.equal(ancestors.results.at(-1).id, page.parentId);
  await confluence.descendants.getPageDescendants({ id: page.parentId, depth: 3 });

  // Who is not known is left out, as by Confluence.
  const authors = [...new Set(pages.map(({ authorId }) => authorId))];
  const users = await confluence.user.createBulkUserLookup({ body: { accountIds: authors } });
  assert.ok(users.results.length > 0);
  assert.ok(users.results.every(({ accountId }) => authors.includes(accountId)));
  const me = await createV1Client(config).users.getCurrentUser();
  assert.ok(me.accountId);

  await refused(404, confluence.page.getPageById({ id: 1 }));
  await refused(400, confluence.page.getPages({ cursor: 'nonsense' }));
  return { spaces: spaces.length, pages: pages.length, versions: versions.length, children: children.length, parent: page };
}

async function writes(parent) {
  const made = await confluence.page.createPage({
    body: {
      spaceId: parent.spaceId,
      status: 'current',
      title: 'Written by confluence.js',
      parentId: parent.id,
      body: { representation: 'storage', value: '<p>one</p>' },
    },
  });
  assert.equal(made.version.number, 1);
  assert.equal(made.parentId, parent.id);
  assert.equal(made.body.storage.value, '<p>one</p>');
  const update = (number, value) =>
    confluence.page.updatePage({
      id: made.id,
      body: {
        id: made.id,
        status: 'current',
        title: 'Written by confluence.js, twice',
        body: { representation: 'storage', value },
        version: { number, message: 'by confluence.js' },
      },
    });
  const updated = await update(2, '<p>two</p>');
  assert.equal(updated.version.number, 2);
  assert.equal(updated.body.storage.value, '<p>two</p>');
  const read = await confluence.page.getPageById({ id: made.id, bodyFormat: 'storage' });
  assert.equal(read.body.storage.value, '<p>two</p>');
  await refused(409, update(2, '<p>stale</p>'));
  const titled = await confluence.page.updatePageTitle({ id: made.id, body: { status: 'current', title: 'Renamed by confluence.js' } });
  assert.equal(titled.version.number, 3);
  assert.equal(titled.body.storage.value, '<p>two</p>');
  assert.equal(await confluence.page.deletePage({ id: made.id }), undefined);
  assert.equal((await confluence.page.getPageById({ id: made.id })).status, 'trashed');
  await refused(404, confluence.page.deletePage({ id: made.id }));
  return made.id;
}

await strangers();
const { parent, ...counts } = await reads();
const written = await writes(parent);
console.log(JSON.stringify({ ...counts, written }));
