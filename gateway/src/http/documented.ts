import { ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';

type OpenApiSchema = Exclude<
  Parameters<typeof ApiResponse>[0] extends infer Options ? (Options extends { schema: infer S } ? S : never) : never,
  undefined
>;

/** The OpenAPI form of a zod schema: what a client sends or gets. */
export function jsonSchema(schema: z.ZodType): OpenApiSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' });
  return rest as OpenApiSchema;
}

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: DeepReadonly<T[Name]> }
    : T;

/** What a route that documents this schema answers: its mapper gives it, so that neither says what the other does not. */
export type AnswerOf<Schema extends z.ZodType> = DeepReadonly<z.infer<Schema>>;

const ErrorBody = z.object({
  detail: z.union([z.string(), z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string(), type: z.string() }))]),
});

/** A response a status, each with the error body. */
export function errorResponses(byStatus: Readonly<Record<number, string>>): MethodDecorator[] {
  return Object.entries(byStatus).map(([status, description]) =>
    ApiResponse({ status: Number(status), description, schema: jsonSchema(ErrorBody) }),
  );
}
