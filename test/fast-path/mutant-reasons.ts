/** Changes that bodies do not reveal, with the reason: the result is the same, or another test covers it. */
export const unseen: Readonly<Record<string, string>> = {
  'decisions/decisions.ts: lists are maps':
    'of a body that was outlined nothing else depends on which of the two it is',
  'decisions/shared-members.ts: version of events not looked at':
    'an event with all members of v1 is the same in any version',
  'decisions/shared-members.ts: events without a stage':
    "the number of a stage that is absent is no stage's, and the default is the same for all",
  'decisions/shared-members.ts: events without a verb':
    "the number of a verb that is absent is no verb's, and its gap is the same for all",
  'decisions/decisions.ts: empty URI': 'an empty URI is not usual',
  'decisions/decisions.ts: requests that are not answered': 'they are passed over again where rules are evaluated',
  'decisions/steps.ts: matches within lists are shared':
    'held by fast-path/hazards.test.ts: no list of a profile differs from one event to the next',
  'decisions/guard.ts: coverage not asked for':
    'held by decisions/guard.test.ts: whether rules cover a field is decided by the test itself there',
  'decisions/guard.ts: two members in one field':
    'held by decisions/guard.test.ts: no field of today reads two of them',
  'decisions/classes.ts: covers all':
    'held by decisions/guard.test.ts and classes.test.ts: rules of today ask one member for fields that are covered',
  'decisions/entry-samples.ts: dry runs': 'the annotation that tells one is a fact of its class',
  'decisions/item-screen.ts: a bit set for all':
    'what is judged of an item is always the opposite of what is left out, so that its number says all',
  'decisions/item-screen.ts: reasons merged': 'a member with a gap has no class',
  'decisions/intern.ts: slots kept when a generation is cleared':
    'a slot is read with the bytes of what has come in its place',
  'decisions/intern.ts: values kept when a generation is cleared':
    'held by decisions/intern.test.ts: nothing is found, and all is made anew',
  'decisions/intern.ts: bytes written over': 'held by decisions/intern.test.ts: nothing is found, and all is made anew',
  'decisions/member-tables.ts: annotation command.gke.io/dryRun': 'an entry that says it is a dry run is parsed',
  'decisions/member-tables.ts: URIs that name objects': 'a URI that names an object is not usual: outline/uri.test.ts',
  'decisions/member-tables.ts: absent namespace': 'a rule of the set asks for the empty namespace',
  'decisions/members.ts: records that hold a problem': 'what was outlined is whole',
  'decisions/members.ts: records of several events': 'a sample with one event more has other gaps',
  'outline/walk/msgpack.ts: duplicate members of an objectRef': 'texts alone, of which the last is kept as by decode',
  'outline/json-syntax.ts: the first quote of a word at another place':
    'held by outline/json-syntax.test.ts: no record is outlined any more',
  'decisions/member-tables.ts: surroundings that change an event':
    'no wrapper of today changes a member of an event that is whole',
  'decisions/member-tables.ts: members that are marked': 'a gap is part of what a class is made of',
  'decisions/member-tables.ts: identities that are marked': 'each value has a number of its own',
  'decisions/members.ts: gaps of a member': 'a gap is part of what a class is made of',
  'outline/seam-reader.ts: containers for a time': 'no normalizer of today reads a map there',
  'outline/seam-reader.ts: containers in stamps': 'no normalizer of today reads a map there',
  'outline/walk/msgpack.ts: the last of duplicate members': 'the last one is kept, as by decode',
  'outline/walk/msgpack.ts: texts beyond the end':
    'held by outline/msgpack-outline.test.ts: no record of the bodies ends before it should',
  'outline/walk/msgpack.ts: keys of one length': 'two members would be one, and such a record is parsed',
  'outline/walk/msgpack.ts: containers in stamps': 'no normalizer of today reads a map there',
  'outline/json-syntax.ts: any escape':
    'held by outline/json-syntax.test.ts: what is found in a body was outlined before',
  'outline/json-syntax.ts: any four letters for a code':
    'held by outline/json-syntax.test.ts: what is found in a body was outlined before',
  'outline/json-syntax.ts: control characters':
    'held by outline/json-syntax.test.ts: what is found in a body was outlined before',
  'outline/json-syntax.ts: zeros before a number':
    'held by outline/json-syntax.test.ts: what is found in a body was outlined before',
  'outline/json-syntax.ts: a point without digits':
    'held by outline/json-syntax.test.ts: what is found in a body was outlined before',
  'outline/json-syntax.ts: keys that are no strings':
    'held by outline/json-syntax.test.ts: what is found in a body was outlined before',
  'outline/json-syntax.ts: anything for a closing bracket':
    'held by outline/json-syntax.test.ts: what is found in a body was outlined before',
  'outline/json-syntax.ts: a comma before the end':
    'held by outline/json-syntax.test.ts: what is found in a body was outlined before',
  'outline/seams.ts: the length of a seam':
    'the hash has it, and of two seams in one place one is the beginning of the other before a number alone',
  'outline/outlines.ts: events beyond their text': 'the walk ends where the text does',
  'decisions/needle-search.ts: one needle of a slot':
    'held by decisions/needle-search.test.ts: no two of them share a slot',
  'decisions/item-screen.ts: items that are decided on every text':
    'held by decisions/classes.test.ts: no such item of the rules tells one name from another',
  'decisions/classes.ts: members whose field is another text': 'held by decisions/classes.test.ts',
  'outline/outlines.ts: one text of several': 'what is around a text is tried with the other texts in place',
  'outline/outlines.ts: one text of several in MessagePack':
    'what is around a text is tried with the other texts in place',
  'outline/seam-reader.ts: maps that are deeper':
    'maps that are outlined are four levels deep at most, and eight is the least that can be set',
  'outline/walk/walk.ts: a seam before a number before others':
    'held by outline/json-outline.test.ts: a record that is refused is parsed',
  'outline/walk/walk.ts: a part of the text of an event':
    'a text that is not taken for an event is parsed with its record',
  'outline/walk/member-numbers.ts: values of other members': 'a number is compared in its place among the others alone',
  'outline/walker.ts: numbers that are given again':
    'held by outline/walker.test.ts: it takes more values than are remembered',
  'outline/walker.ts: bytes that were others': 'held by outline/walker.test.ts: each body has an array of its own',
  'outline/profiles.ts: KIND left out':
    'held by outline/walker.test.ts: what is of another kind has no members of an event',
  'outline/profiles.ts: API_VERSION left out': 'held by outline/walker.test.ts: an event is the same in any version',
  'outline/walk/walk.ts: too many extra members':
    'the rest of the body is read as the last one, and is too long to be remembered',
  'outline/walk/msgpack.ts: objectRef of any type': 'held by outline/msgpack-outline.test.ts',
  'outline/gke-outline.ts: no address': 'an empty address leaves a gap, and is looked up as any other',
  'outline/gke-outline.ts: no status': 'nothing is looked up where nothing is, and the record is parsed',
  'outline/gke-outline.ts: lists of a patch':
    'the body is read as the list that it is, and of a body that was outlined nothing else depends on which of the two it is',
  'outline/gke-outline.ts: methods without a verb':
    'the method is in the profile, and nothing is looked up for an empty verb',
  'outline/gke-outline.ts: watches of before': 'the words of such a name are in the profile like others',
  'outline/json-shapes.ts: other members of the payload': 'no normalizer of today reads them',
  'outline/json-shapes.ts: other spellings of the type of a request':
    'the body is read by its type in any spelling, and nothing else depends on that type',
  'outline/find-member.ts: duplicate keys': 'the last one is found, as by JSON.parse',
  'outline/walk/uri.ts: encoded paths':
    'what is encoded is the text of no member, and a URI without a reference is looked at again',
  'outline/walk/uri.ts: objects of paths without a reference': 'such a URI is looked at again, as a member',
  'outline/walk/uri.ts: subresources': 'a reference that says more than its URI is read as it is',
  'outline/walk/msgpack.ts: duplicate objectRef': 'members are looked at once more',
};
