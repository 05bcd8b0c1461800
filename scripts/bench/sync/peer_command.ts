import * as v from "valibot";

/** Something that a process of the bench can be asked to do. */
export interface PeerCommand<Question extends v.GenericSchema, Answer extends v.GenericSchema> {
  readonly name: string;
  readonly question: Question;
  readonly answer: Answer;
}

/** Declares a command with the shapes of its question and answer. */
export function definePeerCommand<Question extends v.GenericSchema, Answer extends v.GenericSchema>(
  name: string,
  question: Question,
  answer: Answer,
): PeerCommand<Question, Answer> {
  return { name, question, answer };
}

/** A command with what does it. */
export interface PeerHandler {
  readonly name: string;
  /** @throws {Error} When the question is none. */
  run(question: unknown): Promise<unknown>;
}

/** Ties a command to what does it. */
export function handle<Question extends v.GenericSchema, Answer extends v.GenericSchema>(
  command: PeerCommand<Question, Answer>,
  run: (question: v.InferOutput<Question>) => Promise<v.InferOutput<Answer>> | v.InferOutput<Answer>,
): PeerHandler {
  return { name: command.name, run: async (question) => await run(v.parse(command.question, question)) };
}
