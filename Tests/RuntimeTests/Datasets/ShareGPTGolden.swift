/// What an independent statement of vLLM's filter says about real pairs of lengths (its texts are not kept here).
///
/// Made by golden/make/09_sharegpt_sampling.py (seed 1) from 300 real rows, some cut or lengthened to sit at the bounds, with
/// SmolLM2's tokenizer: one row a line, "fixed output length, P, tokens of turn 1, why it is dropped".
enum ShareGPTGolden {
  struct Row: Sendable {
    var fixed: Int?
    var prompt: Int
    /// nil: the conversation has one turn.
    var completion: Int?
    /// "keep" or the reason.
    var verdict: String
  }

  static var rows: [Row] {
    lengths.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count == 4, let prompt = Int(fields[1]) else { return nil }
      return Row(fixed: Int(fields[0]), prompt: prompt, completion: Int(fields[2]), verdict: String(fields[3]))
    }
  }

  /// `random.seed(0); random.shuffle(list(range(100)))`, from the same script.
  static let shuffled100 = [
    23, 8, 11, 7, 48, 13, 1, 91, 94, 54, 16, 63, 52, 41, 80, 2, 47, 87, 78, 66,
    19, 6, 24, 10, 59, 30, 22, 29, 83, 37, 93, 81, 43, 99, 86, 28, 34, 88, 44, 14,
    84, 70, 4, 20, 15, 21, 31, 76, 57, 67, 73, 50, 69, 25, 98, 46, 96, 0, 72, 35,
    58, 92, 3, 95, 56, 90, 26, 40, 55, 89, 75, 71, 60, 42, 9, 82, 39, 18, 77, 68,
    32, 79, 12, 85, 36, 17, 64, 27, 74, 45, 61, 38, 51, 62, 65, 33, 5, 53, 97, 49,
  ]

  private static let lengths = """
    - 418 2 short_output
    - 191 4 keep
    - 150 202 keep
    - 185 57 keep
    - 744 309 keep
    - 615 - one_turn
    1 263 7 keep
    - 26 22 keep
    - 16 313 keep
    - 12 86 keep
    - 1448 38 long_prompt
    - 42 1863 keep
    - 1 11 short_prompt
    - 536 - one_turn
    - 53 75 keep
    - 7 3 short_output
    - 16 295 keep
    - 3 391 short_prompt
    - 24 23 keep
    - 993 - one_turn
    - 1 72 short_prompt
    128 450 317 keep
    - 27 62 keep
    - 1120 603 long_prompt
    - 3 55 short_prompt
    1 47 13 keep
    128 119 58 keep
    128 15 7 keep
    - 602 59 keep
    - 0 35 short_prompt
    - 232 3 short_output
    - 309 83 keep
    - 79 - one_turn
    128 276 - one_turn
    - 336 12 keep
    - 471 71 keep
    - 3 - one_turn
    - 4 285 keep
    - 14 20 keep
    1 260 299 keep
    128 607 26 keep
    1 238 1 keep
    1 387 1292 keep
    - 345 1 short_output
    - 569 26 keep
    - 3 77 short_prompt
    - 15 639 keep
    - 1 14 short_prompt
    - 397 14 keep
    128 13 10 keep
    - 105 9 keep
    128 260 240 keep
    - 22 2096 long_total
    - 14 40 keep
    - 1081 363 long_prompt
    128 1118 11 long_prompt
    - 273 2373 long_total
    1 50 637 keep
    - 6 133 keep
    1 1004 14 keep
    128 458 18 keep
    - 2 41 short_prompt
    1 21 333 keep
    128 30 533 keep
    1 34 7 keep
    - 15 706 keep
    - 86 412 keep
    1 1479 15 long_prompt
    - 506 16 keep
    128 177 26 keep
    1 15 - one_turn
    - 1270 - one_turn
    - 6 0 short_output
    - 38 76 keep
    - 271 - one_turn
    - 1 38 short_prompt
    128 21 656 keep
    1 1 22 short_prompt
    - 1 21 short_prompt
    - 12 1 short_output
    - 8 - one_turn
    1 1273 14 long_prompt
    - 114 510 keep
    - 7 2288 long_total
    - 277 586 keep
    128 4 390 keep
    128 250 1319 keep
    1 11 0 keep
    - 15 15 keep
    1 65 89 keep
    - 496 1362 keep
    128 96 26 keep
    1 514 - one_turn
    - 139 27 keep
    128 406 1618 keep
    128 7 21 keep
    1 338 504 keep
    - 576 141 keep
    1 23 1175 keep
    - 2 16 short_prompt
    - 122 424 keep
    - 75 1734 keep
    - 1305 17 long_prompt
    - 1793 17 long_prompt
    - 239 6 keep
    1 913 15 keep
    - 2 16 short_prompt
    - 680 35 keep
    - 92 339 keep
    - 8 41 keep
    - 11 3 short_output
    - 27 13 keep
    128 3 3 short_prompt
    1 242 2 keep
    1 458 15 keep
    - 295 2165 long_total
    1 10 454 keep
    128 22 2 keep
    - 458 22 keep
    - 45 14 keep
    128 250 - one_turn
    - 421 245 keep
    128 391 14 keep
    1 457 - one_turn
    128 550 212 keep
    - 158 1 short_output
    - 1047 45 long_prompt
    1 511 503 keep
    - 45 1760 keep
    - 23 7 keep
    - 613 624 keep
    128 4 423 keep
    - 441 1532 keep
    - 10 - one_turn
    128 104 395 keep
    - 21 752 keep
    - 304 100 keep
    - 11 278 keep
    - 178 3 short_output
    - 30 265 keep
    1 407 43 keep
    - 3 47 short_prompt
    - 273 78 keep
    - 72 10 keep
    - 22 42 keep
    - 12 24 keep
    128 2 47 short_prompt
    - 1 79 short_prompt
    - 193 - one_turn
    - 328 - one_turn
    - 317 14 keep
    - 12 458 keep
    1 4 22 keep
    128 285 271 keep
    - 1 508 short_prompt
    1 698 15 keep
    - 543 7 keep
    128 1414 34 long_prompt
    1 9 8 keep
    1 34 1 keep
    - 175 2106 long_total
    1 65 613 keep
    128 2 11 short_prompt
    - 52 22 keep
    - 3 12 short_prompt
    - 14 9 keep
    - 309 14 keep
    - 1205 439 long_prompt
    1 4 8 keep
    - 170 9 keep
    128 190 81 keep
    128 1 134 short_prompt
    - 8 2 short_output
    - 76 - one_turn
    - 46 2046 long_total
    - 9 1 short_output
    - 43 2 short_output
    - 0 351 short_prompt
    - 3 12 short_prompt
    - 2 7 short_prompt
    1 1137 300 long_prompt
    - 135 0 short_output
    - 11 - one_turn
    1 2 540 short_prompt
    - 583 2304 long_total
    1 256 - one_turn
    - 340 2 short_output
    128 1 29 short_prompt
    128 2 - one_turn
    128 2 427 short_prompt
    - 1255 312 long_prompt
    - 2 141 short_prompt
    - 11 - one_turn
    1 420 - one_turn
    - 212 2516 long_total
    - 22 1 short_output
    - 425 1 short_output
    - 11 1 short_output
    - 20 - one_turn
    - 32 - one_turn
    - 24 3 short_output
    128 51 - one_turn
    128 11 - one_turn
    - 26 2168 long_total
    1 0 615 short_prompt
    1 1699 119 long_prompt
    - 456 2 short_output
    128 643 - one_turn
    128 1 344 short_prompt
    - 227 - one_turn
    - 10 - one_turn
    - 391 1755 long_total
    """
}
