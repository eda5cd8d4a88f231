import type { CatalogEntry, ModelParameters } from '@trainer/model';
import type { CatalogModelView } from './catalog.answers.js';

/** Tables for which the memory is shown. */
const SHOWN = [10_000, 100_000, 1_000_000].flatMap((rows) => [10, 100].map((columns) => ({ rows, columns })));

export function toCatalogModel(entry: CatalogEntry): CatalogModelView {
  const { parameters, takes, wants } = entry;
  const defaults = Object.fromEntries(Object.entries(parameters.known).map(([name, parameter]) => [name, parameter.default]));
  const limits = (rows: number, columns: number) => entry.limits({ rows, columns, classes: 2 }, defaults);
  return {
    model_id: entry.modelId,
    task_type: entry.task,
    about: entry.about,
    engine: entry.engine,
    hyperparameters: schemaOf(parameters),
    aliases: parameters.aliases,
    without_effect: [...parameters.withoutEffect],
    uses: [...(takes.batchSize ? ['batch_size'] : []), ...(takes.learningRate ? ['learning_rate'] : [])],
    distribution: entry.ranks?.about ?? null,
    ranks_tolerance: entry.ranks?.tolerance ?? null,
    epoch: entry.epochs,
    early_stopping: entry.earlyStopping(defaults),
    takes_gaps: wants.gaps,
    scales: wants.scaled,
    max_rows: limits(0, 0).maxRows,
    memory_bytes: SHOWN.map(({ rows, columns }) => ({ rows, columns, bytes: limits(rows, columns).memoryBytes })),
    formats: [...entry.formats],
  };
}

function schemaOf({ known }: ModelParameters): CatalogModelView['hyperparameters'] {
  const properties = Object.entries(known).map(([name, { kind, about, default: value }]) => [
    name,
    { ...kind.schema, default: value, description: about },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties) as unknown, additionalProperties: false };
}
