using System.Text.Json.Nodes;
using Registry.Testing.Connections;

namespace Registry.Torture.Following;

/// <summary>Compares what an endpoint has got with what was pushed.</summary>
/// <param name="name">Name of the endpoint.</param>
/// <param name="receiver">The endpoint.</param>
internal sealed class EventLedger(string name, EventReceiver receiver)
{
    // Of each endpoint, one event of each lane may be on its way.
    private const int Lanes = 16;

    /// <summary>The endpoint.</summary>
    public EventReceiver Receiver => receiver;

    /// <summary>The endpoint in a configuration. A writer's tags are its events, so that each push makes one.</summary>
    public JsonObject Endpoint => new()
    {
        ["name"] = name,
        ["url"] = receiver.Url.ToString(),
        ["secret"] = EventReceiver.Secret,
        ["addresses"] = new JsonArray("127.0.0.1"),
        ["kinds"] = new JsonArray("tag-set"),
    };

    /// <summary>True if it has got all that was acknowledged.</summary>
    public bool HasAll(IEnumerable<TagWriter> writers) => !FindMissing(writers).Any();

    /// <summary>What it has not got.</summary>
    public string DescribeMissing(IEnumerable<TagWriter> writers) => $"{name} lacks {FindMissing(writers).Count()} of {writers.Sum(writer => writer.Acknowledged.Count)}";

    /// <summary>Checks order, invention, signatures and repetition.</summary>
    /// <param name="writers">Who has pushed.</param>
    /// <param name="kills">
    /// Number of kills of the only process; null if the database has ended, too, or there were several processes. Then events since its last write come again, and a push without an answer may
    /// come late.
    /// </param>
    /// <returns>Number of events that came more than once.</returns>
    /// <exception cref="ViolationException">A promise was not kept.</exception>
    public int Check(IReadOnlyList<TagWriter> writers, int? kills)
    {
        var events = receiver.Events.Where(one => writers.Any(writer => writer.Repository == RepositoryOf(one))).ToList();
        if (events.Find(one => !one.IsSigned) is { } forged)
        {
            throw new ViolationException($"{name} has got {forged.Id} without a right signature");
        }

        if (events.GroupBy(one => one.Id).FirstOrDefault(same => same.Select(DigestOf).Distinct().Count() > 1) is { } used)
        {
            throw new ViolationException($"{name} has got {used.Key} for {string.Join(" and ", used.Select(DigestOf).Distinct())}");
        }

        // A receiver ignores an id that it knows. After a kill, the same event comes directly after itself.
        var counted = kills is null ? [.. events.DistinctBy(one => one.Id)] : events;
        foreach (var writer in writers)
        {
            CheckOrder(writer, counted.Where(one => RepositoryOf(one) == writer.Repository).Select(DigestOf), kills is not null);
        }

        var twice = events.Count - events.DistinctBy(one => one.Id).Count();
        return kills is null || twice <= kills * Lanes ? twice : throw new ViolationException($"{name} has got {twice} events twice, at {kills} kills");
    }

    private void CheckOrder(TagWriter writer, IEnumerable<string> got, bool withoutAnswer)
    {
        var attempts = writer.Attempted.Select((digest, place) => (digest, place)).ToDictionary(one => one.digest, one => one.place);
        var acknowledged = writer.Acknowledged.ToHashSet();
        var places = new List<int>();
        foreach (var digest in got)
        {
            if (!attempts.TryGetValue(digest, out var place))
            {
                throw new ViolationException($"{name} has got an event of {writer.Repository} for a manifest that was not pushed");
            }

            if (withoutAnswer || acknowledged.Contains(digest))
            {
                places.Add(place);
            }
        }

        if (places.Zip(places.Skip(1)).Any(pair => pair.Second < pair.First))
        {
            throw new ViolationException($"{name} has got events of {writer.Repository} out of order: {string.Join(' ', places)}");
        }
    }

    private IEnumerable<string> FindMissing(IEnumerable<TagWriter> writers)
    {
        var got = receiver.Events.Select(DigestOf).ToHashSet();
        return writers.SelectMany(writer => writer.Acknowledged).Where(digest => !got.Contains(digest));
    }

    private static string RepositoryOf(EventReceiver.ReceivedEvent one) => one.Data.GetProperty("repository").GetString()!;

    private static string DigestOf(EventReceiver.ReceivedEvent one) => one.Data.GetProperty("digest").GetString()!;
}
