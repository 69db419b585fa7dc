extension MethodCard {
  /// LLMLingua (sheet llmlingua): a prompt loses what a small model foresees.
  static let llmlingua = MethodCard(
    name: "llmlingua",
    title: "LLMLingua: Compressing Prompts for Accelerated Inference of Large Language Models",
    family: .prompt,
    paper: "arXiv 2310.05736, EMNLP 2023",
    summary: "Drops the prompt's tokens that the model foresees best, paragraphs first, before it reads the rest.",
    parameters: [
      ParameterCard(
        "budget", .budget(atLeast: 1), default: .budget(.share(0.5)),
        "a share of the prompt's text kept, or tokens kept of its contexts"),
      ParameterCard(
        "segment", .int(2...65536), default: nil, note: "100 for align=paper, 200 for align=code",
        "tokens judged behind what is left of those before them"),
      ParameterCard(
        "align", .word(["paper", "code"]), default: .word("paper"),
        "paper judges a token by its own loss; code by the next one's, with the package's slices"),
      ParameterCard("coarse", .bool, default: .bool(true), "drops whole paragraphs first, if there are several"),
      ParameterCard("slack", .int(0...65536), default: .int(100), "tokens that paragraphs may exceed the target by"),
      ParameterCard("instruction", .int(0...1024), default: .int(0), "first paragraphs left as they are"),
      ParameterCard("question", .int(0...1024), default: .int(0), "last paragraphs left as they are"),
    ],
    presets: [
      Preset(
        "code", ["align": .word("code"), "segment": .int(200), "coarse": .bool(false)],
        source: "the package llmlingua 0.2.2 with one context; a text under 200 tokens hardly loses any there"),
      Preset("paper", ["align": .word("paper"), "segment": .int(100)], source: "its section 4, segments of 100"),
    ],
    storage: .evicted,
    deviations: [
      "The small model is the model that runs, so ids are not tokenised again, and the window rule never applies.",
      "budget is the package's rate; ratio is the share removed, as everywhere in kvsh.",
      "A budget of all there is leaves the prompt as it is; the package's share then is still a little under 1.",
      "Contexts are paragraphs and keep their own blank lines between them; a chat template is left as it is.",
      "Instruction and question stay verbatim, as in the package; the paper shortens them to 85 and 90 %.",
      "align=paper cuts segments of equal length and judges the last one too; the first and the last token stay.",
      "Whole paragraphs leave by the package's rule (target + slack, the one that exceeds it stays), not the paper's.",
      "What was reached may be over or under what was asked: the threshold is a rank among all losses held.",
    ]
  ) { settings in
    let alignment = settings.word("align").flatMap(SurpriseFilter.Alignment.init) ?? .paper
    return Slots(
      prompt: SurpriseFilter(
        budget: settings.budget("budget") ?? .share(0.5),
        segment: settings.int("segment") ?? (alignment == .paper ? 100 : 200), alignment: alignment,
        isCoarse: settings.bool("coarse") ?? true, slack: settings.int("slack") ?? 100,
        instruction: settings.int("instruction") ?? 0, question: settings.int("question") ?? 0))
  }
}
