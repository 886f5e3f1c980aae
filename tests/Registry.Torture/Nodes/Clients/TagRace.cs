using System.Collections.Concurrent;
using System.Diagnostics;
using Registry.Testing;
using Registry.Testing.Connections;
using Registry.Torture.Load;

namespace Registry.Torture.Nodes.Clients;

/// <summary>
/// Clients that read one tag at all nodes, and move it from what they have read (compare-and-swap). Afterwards, some sequence of the moves explains every answer, and no
/// two moves began at the same image.
/// </summary>
internal sealed class TagRace
{
    private const string Repository = "torture/race";
    private const int ReadsOf = 3;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(40);

    private readonly ConcurrentQueue<Move> _moves = new();
    private readonly ConcurrentDictionary<string, bool> _seen = new();
    private RegisterHistory<string> _history = null!;
    private string _tag = string.Empty;
    private int _lost;

    /// <summary>Number of moves that were acknowledged.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Number of moves without an answer that were made.</summary>
    public int MadeWithoutAnswer { get; private set; }

    /// <summary>Number of moves that another one came before.</summary>
    public int Lost => _lost;

    /// <summary>Number of reads.</summary>
    public int Reads { get; private set; }

    /// <summary>Begins a tag.</summary>
    public async Task BeginAsync(string tag, NodesClient client, Ledger ledger)
    {
        var first = TestImage.Index([]);
        await client.PushAsync(Repository, first, tag, _ => Task.CompletedTask, TimeSpan.Zero);

        // Others move it, so it is not in the ledger.
        ledger.Forget(LedgerClient.ManifestPath(Repository, tag));
        ledger.Forget(LedgerClient.ManifestPath(Repository, first.Digest));
        _tag = tag;
        _moves.Clear();
        _seen.Clear();
        _history = new RegisterHistory<string>(first.Digest);
    }

    /// <summary>Reads and moves the tag until the token is cancelled.</summary>
    public async Task RunAsync(NodesClient client, Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(Pause, CancellationToken.None);
            if (await ReadAsync(client) is { } value && random.Next(ReadsOf) == 0)
            {
                await MoveAsync(client, value);
            }
        }
    }

    /// <summary>Checks the history of the tag.</summary>
    /// <exception cref="ViolationException">No sequence of moves explains it.</exception>
    public async Task CheckAsync(NodesClient client)
    {
        await ReadAsync(client);
        Reads += _history.Count - 1;
        foreach (var move in _moves.Where(move => move.IsAcknowledged || _seen.ContainsKey(move.To)))
        {
            _history.Add(move.To, isWrite: true, move.Begin, move.End);
        }

        if (_moves.Where(move => move.IsAcknowledged || _seen.ContainsKey(move.To)).GroupBy(move => move.From).FirstOrDefault(moves => moves.Count() > 1) is { } twice)
        {
            throw new ViolationException($"{_tag} was moved from {twice.Key} to {string.Join(" and to ", twice.Select(move => move.To))}");
        }

        if (_history.FindViolation() is { } violation)
        {
            throw new ViolationException($"{_tag} is not linearizable: {violation}");
        }

        Acknowledged += _moves.Count(move => move.IsAcknowledged);
        MadeWithoutAnswer += _moves.Count(move => !move.IsAcknowledged && _seen.ContainsKey(move.To));
    }

    // Null without an answer.
    private async Task<string?> ReadAsync(NodesClient client)
    {
        var begin = Stopwatch.GetTimestamp();
        var answer = await TryAsync(() => client.Single.GetAnswerAsync(LedgerClient.ManifestPath(Repository, _tag)));
        if (answer is not { Status: < 500 and not (408 or 429) })
        {
            return null;
        }

        if (answer.Status != 200)
        {
            throw new ViolationException($"{_tag} was answered {answer}");
        }

        var value = new TestBlob(answer.Body).Digest;
        _seen[value] = true;
        _history.Add(value, isWrite: false, begin, Stopwatch.GetTimestamp());
        return value;
    }

    private async Task MoveAsync(NodesClient client, string from)
    {
        var image = TestImage.Index([]);
        var begin = Stopwatch.GetTimestamp();
        var answer = await TryAsync(() => client.Single.PutManifestAsync(Repository, _tag, image, ("If-Match", $"\"{from}\"")));
        switch (answer?.Status)
        {
            case 201:
                _moves.Enqueue(new Move(from, image.Digest, begin, Stopwatch.GetTimestamp(), IsAcknowledged: true));
                break;
            case 412 when answer[NodeCluster.UpstreamHeader]?.Contains(", ", StringComparison.Ordinal) is not true:
                Interlocked.Increment(ref _lost);
                break;
            case null or 408 or 412 or 429 or >= 500:
                // It may have been made, or be made later. The balancer repeats a request whose node has ended, and the second finds the first.
                _moves.Enqueue(new Move(from, image.Digest, begin, long.MaxValue, IsAcknowledged: false));
                break;
            default:
                throw new ViolationException($"a move of {_tag} was answered {answer}");
        }
    }

    private static async Task<Answer?> TryAsync(Func<Task<Answer>> send)
    {
        try
        {
            return await send();
        }
        catch (Exception e) when (e is TimeoutException || e.IsLostConnection())
        {
            return null;
        }
    }

    private sealed record Move(string From, string To, long Begin, long End, bool IsAcknowledged);
}
