/** The layout of the memory that the walk shares with the modules around it, and what its numbers mean. */

/** Numbers of a seam, and where they lie in its 64 bytes. Head and mask are sixteen bytes each. */
export const SEAM: i32 = 64;
export const MASK: i32 = 16;
export const LENGTH: i32 = 32;
export const START: i32 = 36;
export const KIND: i32 = 40;
export const MAY_HOLD_EVENT: i32 = 41;
export const IS_EXTRA: i32 = 42;
export const NOTE_COUNT: i32 = 43;
export const SLOT: i32 = 44;
export const QUOTE_NOTED: i32 = 46;
export const NOTES_START: i32 = 48;
export const FOLLOWERS: i32 = 52;
export const MOST_FOLLOWERS: i32 = 4;

/** Where a walk stores at which seam and at which offset it ended: two numbers. */
export const STOP: i32 = 1024;

/** Bytes of the longest seam. */
export const SEAM_LENGTH: i32 = 512;

/** Offsets and sizes of the tables. */
export const SEAMS: i32 = 4096;
export const SEAM_COUNT: i32 = 8192;
export const SEAM_BYTES: i32 = SEAMS + SEAM * SEAM_COUNT;
export const SEAM_BYTES_SIZE: i32 = 512 * 1024;
export const NOTES: i32 = SEAM_BYTES + SEAM_BYTES_SIZE + 16;
export const NOTES_SIZE: i32 = 128 * 1024;
/** The outline of the record. */
export const SPANS: i32 = NOTES + NOTES_SIZE;
/** Lists of slots whose values are numbered, sixteen masks of sixteen bytes, and the numbers of one record. */
export const NUMBERED: i32 = SPANS + 4096;
/** The slots that a URI is compared with. */
export const URI_SLOTS: i32 = NUMBERED + 512;
export const MASKS: i32 = NUMBERED + 1024;
export const NUMBERS: i32 = MASKS + 512;
/** Values that have a number: 16 bytes each, their places by hash, and their bytes. */
export const VALUES: i32 = NUMBERS + 512;
export const VALUE_COUNT: i32 = 32768;
export const VALUE: i32 = 16;
export const PLACES: i32 = VALUES + VALUE * VALUE_COUNT;
export const PLACE_COUNT: i32 = 2 * VALUE_COUNT;
export const VALUE_BYTES: i32 = PLACES + 4 * PLACE_COUNT;
export const VALUE_BYTES_SIZE: i32 = 1536 * 1024;
/** For MessagePack: the kind of value that begins with a byte; the number of bytes after a first byte from 0xc0 on, -1 if an
 * event does not have such values; the kind of each slot; open maps and arrays; and the keys of events and of objectRefs, each
 * with its length, its slot and where its bytes are. */
export const KINDS: i32 = VALUE_BYTES + VALUE_BYTES_SIZE + 16;
export const FIXED_LENGTHS: i32 = KINDS + 256;
export const WANTED: i32 = FIXED_LENGTHS + 32;
export const WAITING: i32 = WANTED + 512;
export const KEY: i32 = 12;
export const KEY_COUNT: i32 = 512;
export const KEYS: i32 = WAITING + 2048;
export const REF_KEYS: i32 = KEYS + KEY * KEY_COUNT;
export const KEY_BYTES: i32 = REF_KEYS + KEY * KEY_COUNT;
export const KEY_BYTES_SIZE: i32 = 16 * 1024;
export const OF_OTHER: i32 = 0;
export const OF_STR: i32 = 1;
export const OF_ARRAY: i32 = 2;
export const OF_MAP: i32 = 3;
/** A slot for a map or an array. */
export const MAP_OR_LIST: i32 = 4;
/** Why there is no outline. */
export const NO_OUTLINE: i32 = -1;
export const BEYOND: i32 = -2;

/** What is walked over; sixteen bytes after it can be read. */
export const TEXT: i32 = KEY_BYTES + KEY_BYTES_SIZE + 16;
export const TEXT_SIZE: i32 = 2 * 1024 * 1024;

/** Kinds of values. */
export const IS_TEXT: i32 = 0;
export const IS_NUMBER: i32 = 1;
export const IS_NOTHING: i32 = 2;
/** The text of a key that is likely to differ in each record. */
export const IS_KEY: i32 = 3;

/** Why a walk ends. */
export const ENDED: i32 = 0;
export const UNKNOWN_SEAM: i32 = 1;
export const POSSIBLE_EVENT: i32 = 2;
export const MORE: i32 = 3;
export const REFUSED: i32 = 4;

/** What a walk does first: find the seam after a value, pass one, find the end of the value after it, or note an end that was
 * found. */
export const BEHIND_VALUE: i32 = 0;
export const AT_SEAM: i32 = 1;
export const AT_VALUE: i32 = 2;
export const AT_VALUE_END: i32 = 3;

/** Notes other than starts and ends of slots. */
export const EXTRA_START: i32 = -1;
export const EXTRA_END: i32 = -2;
