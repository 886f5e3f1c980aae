using Registry.Testing.Connections;

namespace Registry.Torture.Following;

/// <summary>Compares what an endpoint has got with what was pushed.</summary>
/// <param name="name">Name of the endpoint.</param>
/// <param name="receiver">The endpoint.</param>
internal sealed class EventLedger(string name, EventReceiver receiver)
{
    // Of each endpoint, one event of each lane may be on its way.
    private const int Lanes = 16;

    /// <summary>True if it has got all that was acknowledged.</summary>
    public bool HasAll(IEnumerable<TagWriter> writers) => !FindMissing(writers).Any();

    /// <summary>What it has not got.</summary>
    public string DescribeMissing(IEnumerable<TagWriter> writers) => $"{name} lacks {FindMissing(writers).Count()} of {writers.Sum(writer => writer.Acknowledged.Count)}";

    /// <summary>Checks order, invention, signatures and repetition.</summary>
    /// <returns>Number of events that came more than once.</returns>
    /// <exception cref="ViolationException">A promise was not kept.</exception>
    public int Check(IReadOnlyList<TagWriter> writers, int kills)
    {
        var events = receiver.Events.Where(one => writers.Any(writer => writer.Repository == RepositoryOf(one))).ToList();
        if (events.Find(one => !one.IsSigned) is { } forged)
        {
            throw new ViolationException($"{name} has got {forged.Id} without a right signature");
        }

        foreach (var writer in writers)
        {
            var got = events.Where(one => RepositoryOf(one) == writer.Repository).Select(DigestOf).ToList();
            var places = got.ConvertAll(digest => writer.Attempted.ToList().IndexOf(digest));
            if (places.Contains(-1))
            {
                throw new ViolationException($"{name} has got an event of {writer.Repository} for a manifest that was not pushed");
            }

            // One that came twice came directly after itself.
            if (places.Zip(places.Skip(1)).Any(pair => pair.Second < pair.First))
            {
                throw new ViolationException($"{name} has got events of {writer.Repository} out of order: {string.Join(' ', places)}");
            }
        }

        var twice = events.Count - events.DistinctBy(one => one.Id).Count();
        return twice <= kills * Lanes ? twice : throw new ViolationException($"{name} has got {twice} events twice, at {kills} kills");
    }

    private IEnumerable<string> FindMissing(IEnumerable<TagWriter> writers)
    {
        var got = receiver.Events.Select(DigestOf).ToHashSet();
        return writers.SelectMany(writer => writer.Acknowledged).Where(digest => !got.Contains(digest));
    }

    private static string RepositoryOf(EventReceiver.ReceivedEvent one) => one.Data.GetProperty("repository").GetString()!;

    private static string DigestOf(EventReceiver.ReceivedEvent one) => one.Data.GetProperty("digest").GetString()!;
}
