/// Sentences that say nothing a needle could be mistaken for: no number, no name, no key. Written for kvsh.
enum FillerText {
  static let sentences = [
    "The river runs slowly past the old mill and turns at the bend.",
    "A grey cat sleeps on the warm step in front of the bakery.",
    "In the morning the fishermen mend their nets on the quay.",
    "The road over the hill is dusty in summer and muddy in spring.",
    "Children fly paper kites when the wind comes from the sea.",
    "The gardener waters the beans before the sun is high.",
    "An old clock ticks in the hall where nobody sits any more.",
    "The baker opens his window so that the street can smell the bread.",
    "Swallows nest under the roof of the barn every year.",
    "The miller's dog barks at carts but never at people.",
    "On market days the square is full of baskets and voices.",
    "The lamp in the harbour is lit as soon as it grows dark.",
    "A path of flat stones leads from the gate to the well.",
    "The teacher reads aloud while the rain beats on the roof.",
    "Apples are laid on straw so that they keep through the winter.",
    "The ferry crosses the lake whenever somebody rings the bell.",
    "Smoke rises straight up when the evening is calm.",
    "The carpenter planes a board and sweeps the shavings aside.",
    "Sheep graze on the slope until the snow drives them down.",
    "The post comes late when the bridge is being repaired.",
    "A kettle sings on the stove and the windows turn white.",
    "The orchard behind the church belongs to the whole village.",
    "Boats lie upside down on the beach while they are painted.",
    "The weaver chooses a blue thread and begins another row.",
    "Frogs are loud in the meadow after a warm shower.",
    "The tailor keeps his buttons in jars along the wall.",
    "Leaves gather in the corner of the yard all through autumn.",
    "A cart full of hay goes by and leaves a sweet smell behind.",
    "The owl in the tower is heard more often than it is seen.",
    "Travellers rest on the bench beside the chapel.",
    "The grocer weighs sugar and pours it into a paper bag.",
    "Ice forms along the edge of the pond before it covers the middle.",
    "The shepherd whistles and the flock turns around.",
    "Bread is sliced, soup is served, and the talk goes on.",
    "The wind moves the curtain and a page of the open book.",
    "Bees visit the lavender until the light is gone.",
    "The stonemason rests his hammer and drinks cold tea.",
    "From the top of the dune you can see the mouth of the river.",
    "The choir practises in the schoolroom when the church is cold.",
    "A wooden fence keeps the goats away from the cabbages.",
  ]
}

/// Filler cut to a length, with a place in it for what is to be found.
struct FillerCutter {
  /// Tokens of a sentence with the blank behind it; what they add up to is within a token a sentence of the whole.
  private let tokens: [Int]
  private let countTokens: (String) throws -> Int

  init(countTokens: @escaping (String) throws -> Int) rethrows {
    self.countTokens = countTokens
    // A word of another sentence stands before, so that a token for the beginning of a text is not counted each time.
    let word = try countTokens("so")
    tokens = try FillerText.sentences.map { try max(1, countTokens("so " + $0) - word) }
  }

  /// The sentences, shuffled over and over, that fit into `room` tokens; at least none.
  func sentences(room: Int, _ random: inout PythonRandom) -> [String] {
    var chosen: [String] = []
    var order: [Int] = []
    var left = room
    while true {
      if order.isEmpty {
        order = Array(tokens.indices)
        random.shuffle(&order)
      }
      guard let next = order.popLast(), tokens[next] <= left else { return chosen }
      left -= tokens[next]
      chosen.append(FillerText.sentences[next])
    }
  }
}
