/// The page that codecs are calibrated on: written for kvsh, of many kinds of text.
public enum CalibrationText {
  /// Its tokens by the model's tokenizer.
  public static func tokens(_ tokenizer: Tokenizer) -> [Int32] { tokenizer.encode(prose, parseSpecial: false) }

  /// Tokens of a piece of a text of the user's own, and the most pieces (sheet kvquant: 16 x 2,048 tokens).
  static let most = (pieceTokens: 2_048, pieces: 16)
  /// What is looked at of a text: many times the bytes of the tokens above.
  private static let mostBytes = 2 << 20

  /// The first tokens of a text in pieces that fit a context.
  static func pieces(_ text: String, _ tokenizer: Tokenizer, context: Int) -> [[Int32]] {
    // Half a character at the cut becomes a replacement character, if it is reached at all.
    let start = text.utf8.count > mostBytes ? String(decoding: text.utf8.prefix(mostBytes), as: UTF8.self) : text
    let tokens = tokenizer.encode(start, parseSpecial: false)
    let length = max(1, min(most.pieceTokens, context))
    return stride(from: 0, to: min(tokens.count, length * most.pieces), by: length).map {
      Array(tokens[$0..<min(tokens.count, $0 + length)])
    }
  }

  static let prose = """
    The ferry left at ten past six, when the harbour was still grey and the gulls had not yet made up their minds about the
    day. Marta stood at the rail with her collar up and counted the boats she knew. There was the Anneliese, which belonged
    to the schoolmaster; there was the little blue one that nobody owned and everybody borrowed; and far out, where the
    water turned from lead to silver, there was a sail she had never seen before. She watched it until the engine shuddered
    under her feet and the town began to slide away.

    "You are early," said the man with the thermos. He said it every Tuesday.

    "You are late," she answered, and took the cup he held out to her. The coffee was too sweet, as always. They did not
    talk again before the second buoy, where the current runs hardest and the captain, who was seventy-one and had no
    patience with anybody younger, blew the horn twice for luck.

    How does a bicycle stay upright? The usual answer is that the spinning wheels behave like gyroscopes, but that is only a
    small part of it. When a bicycle leans to the left, the front wheel turns to the left by itself, because the contact
    point of the tyre lies behind the steering axis. The turn moves the wheels back under the rider. Engineers have built
    bicycles whose gyroscopic effect is cancelled by wheels that spin backwards, and they still balance at moderate speed.
    What matters is the way in which weight, geometry and steering act together; no single one of them is necessary, and no
    single one is enough.

    Recipe for barley soup. You need 150 g of pearl barley, two carrots, one leek, a stick of celery, 1.5 litres of stock, a
    bay leaf, salt and black pepper.
    1. Rinse the barley in cold water until the water runs clear.
    2. Cut the vegetables into pieces of about one centimetre.
    3. Fry them gently in a spoonful of oil for eight minutes; they should be soft but not brown.
    4. Add the barley, the stock and the bay leaf, and simmer for 45 minutes with the lid half on.
    5. Season, let it stand for ten minutes, and serve with bread.
    It keeps for three days in the refrigerator and tastes better on the second.

    def median(values):
        ordered = sorted(values)
        middle = len(ordered) // 2
        if len(ordered) % 2 == 1:
            return ordered[middle]
        return (ordered[middle - 1] + ordered[middle]) / 2

    print(median([3, 1, 4, 1, 5, 9, 2, 6]))  # prints 3.5

    The function above sorts its argument, which takes time in proportion to n log n. If the list is long and only the median
    is wanted, a selection algorithm does it in linear time on average: choose a pivot, put the smaller numbers on one side
    and the larger ones on the other, and go on with the side that holds the middle place. In practice the sorted version is
    often quick enough, and it is much harder to get wrong.

    Dear Mr. Okafor,

    Thank you for your letter of 14 March. I am sorry that the parcel reached you with a broken lid. We have sent a new one
    today by the same carrier; it should arrive within five working days, and you need not return the old one. If you would
    rather have your money back ($38.50 including postage), please let me know by telephone on 555-0142 between nine and
    five, and I shall see to it at once.

    With kind regards,
    Helen Brandt
    Customer Service

    In the year 1783 two brothers from a family of paper makers filled a bag of cloth with hot air and let it rise above the
    market place of their town. They believed that smoke itself had the power to lift, and so they burned wet straw and old
    wool to make as much of it as they could. They were wrong about the cause and right about the effect. Within a few months
    a sheep, a duck and a rooster had flown over the gardens of a palace and come down alive, and before the end of the year
    two men had crossed the roofs of the capital, bowing to the crowd below and putting out small fires with a sponge.

    Question: A train travels 180 kilometres in two and a half hours. It then stops for twenty minutes and travels another 60
    kilometres in fifty minutes. What is its average speed over the whole journey, the stop included?
    Answer: The whole distance is 180 + 60 = 240 kilometres. The whole time is 150 + 20 + 50 = 220 minutes, which is 220 / 60,
    or about 3.67 hours. The average speed is therefore 240 / 3.67, or about 65.5 kilometres an hour.

    The committee met on Thursday evening in the small hall. Present were the chair, the treasurer and nine members; two had
    sent apologies. The minutes of the last meeting were read and accepted. The treasurer reported an income of 4,210 and
    expenses of 3,975, of which 1,200 had gone into the repair of the roof. There was a lively discussion about the proposal
    to open the reading room on Sundays. Those in favour pointed out that many families have no other free day; those against
    feared for the caretaker's health. It was decided, by seven votes to three with one abstention, to try it for six months
    and to look at the figures afterwards.

    Light takes a little over eight minutes to come from the Sun to the Earth, more than four years from the nearest other
    star, and about two and a half million years from the great galaxy in Andromeda, which is the most distant thing that
    most people can see without a telescope. When we look at it we see it as it was before there were human beings. Nothing
    in that faint oval patch tells us so; it looks like a breath on a window pane. The knowledge had to be put together, step
    by step, from the flicker of certain stars whose true brightness can be read from the rhythm of their changes.

    User: My tomato plants have yellow leaves at the bottom. What should I do?
    Assistant: Yellow lower leaves are common and often harmless. Check three things first. Is the soil wet for days at a time?
    Then water less often, but more deeply. Are the veins green while the leaf between them is yellow? Then the plant may lack
    magnesium or iron, and a balanced fertiliser helps. Are there brown spots with rings in them? That would be early blight:
    remove the leaves concerned, do not put them on the compost, and water at the root instead of from above. If the upper
    leaves stay green and new flowers keep coming, the plant is most likely just growing old from the bottom upwards.
    User: There are rings. Is the fruit safe to eat?
    Assistant: Yes. Fruit without spots can be eaten as usual once it has been washed; cut spots away generously, and throw
    out fruit that has gone soft.

    | city | January | July | rain in mm |
    | Bergen | 2.1 | 15.8 | 2,250 |
    | Lisbon | 11.6 | 23.5 | 774 |
    | Nairobi | 19.0 | 16.4 | 925 |
    | Winnipeg | -16.4 | 19.7 | 521 |

    Once upon a time there was a clockmaker who could not sleep. Every clock in his house struck the hour, and no two of them
    agreed. He set them by the church, he set them by the sun, he set them by each other, and by morning they had drifted
    apart again like guests at a feast who have run out of things to say. At last his daughter stopped every one of them but
    the smallest. "Now you know what time it is," she said. "Before, you only knew how many opinions there were."

    It has often been remarked that the value of a tool lies less in what it does than in what it lets one stop thinking about.
    A good index spares the reader's memory, a good map spares his eyes, and a good proof spares him the fear that he has
    overlooked something. Yet each of them must be learnt, and while it is being learnt it takes attention away from the very
    matter it is meant to serve. Whoever makes tools for others should therefore ask two things of every improvement: how much
    it saves on the thousandth day, and what it costs on the first.

    """
}
