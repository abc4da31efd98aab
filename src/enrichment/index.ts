/** What is known besides the log. Read together with the rules, so that one set decides a whole batch. */
import { type Databases, noDatabases } from './databases.ts';
import { noOwners, type Owners } from './owners.ts';

export interface Enrichment {
  /** Of addresses. */
  databases: Databases;
  /** Of what findings are about. */
  owners: Owners;
}

export const noEnrichment: Enrichment = { databases: noDatabases, owners: noOwners };
