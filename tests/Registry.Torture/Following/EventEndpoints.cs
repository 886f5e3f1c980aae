using System.Diagnostics;
using System.Text.Json.Nodes;
using Registry.Testing;

namespace Registry.Torture.Following;

/// <summary>Endpoints of events.</summary>
/// <param name="ledgers">The endpoints.</param>
internal sealed class EventEndpoints(params IReadOnlyList<EventLedger> ledgers)
{
    // Longer than the longest pause between two attempts.
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    /// <summary>Writes the configuration.</summary>
    public Task WriteAsync(string path) =>
        File.WriteAllTextAsync(path, new JsonObject { ["endpoints"] = new JsonArray([.. ledgers.Select(ledger => ledger.Endpoint)]) }.ToJsonString());

    /// <summary>Pushes until each endpoint has begun: what was pushed before is none of its events.</summary>
    public async Task BeginAsync(HttpClient http)
    {
        var probe = new TagWriter("torture/probe");
        await Eventually.HoldsAsync(
            async () =>
            {
                await probe.SetAsync(http, CancellationToken.None);
                return ledgers.All(ledger => ledger.Receiver.Events.Count > 0);
            },
            "each endpoint has got an event");
    }

    /// <summary>Waits until each endpoint has got what was acknowledged, and checks what it has got.</summary>
    /// <param name="writers">Who has pushed.</param>
    /// <param name="kills">As for <see cref="EventLedger.Check"/>.</param>
    /// <returns>Number of events that came more than once.</returns>
    /// <exception cref="ViolationException">A promise was not kept.</exception>
    public async Task<int> CheckAsync(IReadOnlyList<TagWriter> writers, int? kills)
    {
        var begin = Stopwatch.GetTimestamp();
        while (!ledgers.All(ledger => ledger.HasAll(writers)))
        {
            if (Stopwatch.GetElapsedTime(begin) > Recovery)
            {
                throw new ViolationException(
                    $"not all events have come within {Recovery} after the last fault: {string.Join("; ", ledgers.Select(ledger => ledger.DescribeMissing(writers)))}");
            }

            await Task.Delay(Look, CancellationToken.None);
        }

        return ledgers.Sum(ledger => ledger.Check(writers, kills));
    }
}
