using System.Diagnostics;
using System.Globalization;
using Registry.Testing;
using Registry.Testing.Connections;

namespace Registry.Torture.Nodes.Clients;

/// <summary>
/// Pushes a blob in chunks of random sizes, each to another node. After a fault, it asks how far the upload is and goes on there: acknowledged bytes are there, unless
/// the database has crashed, or the upload begins again.
/// </summary>
/// <param name="cluster">The nodes.</param>
/// <param name="repeating">For requests that may be made twice.</param>
/// <param name="single">For those that may not.</param>
/// <param name="counts">Receives what was met.</param>
internal sealed class ChunkedPush(NodeCluster cluster, HttpClient repeating, HttpClient single, FaultCounts counts)
{
    private const int MinChunk = 1000;
    private const int MaxChunk = 9_000_000;
    private const int MaxPause = 3000;
    private const int PausesOf = 8;

    // A frozen node, the lease of the upload, a silent bucket; several times, on a busy machine.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Pushes the blob.</summary>
    /// <exception cref="ViolationException">It is not there after minutes, or acknowledged bytes are gone.</exception>
    public async Task PushAsync(string repository, TestBlob blob, Random random)
    {
        var start = Stopwatch.GetTimestamp();
        while (!await TryPushAsync(repository, blob, random, start))
        {
            counts.AddBegunAgain();
        }
    }

    // False if the upload is gone.
    private async Task<bool> TryPushAsync(string repository, TestBlob blob, Random random, long start)
    {
        var begin = Stopwatch.GetTimestamp();
        var begun = await repeating.RequestAsync("POST", $"/v2/{repository}/blobs/uploads/");
        var location = Expect(202, begun).Location;
        var position = 0;
        var sent = 0;
        while (true)
        {
            if (Stopwatch.GetElapsedTime(start) > Limit)
            {
                throw new ViolationException($"{blob.Digest} of {blob.Bytes.Length} bytes is not in {repository} after {Limit.TotalSeconds} s, at {location}, byte {position}");
            }

            if (random.Next(PausesOf) == 0)
            {
                await Task.Delay(random.Next(MaxPause));
            }

            var end = Math.Min(blob.Bytes.Length, position + random.Next(MinChunk, Math.Max(MinChunk + 1, Math.Min(MaxChunk, blob.Bytes.Length))));
            var isLast = end == blob.Bytes.Length;
            sent = Math.Max(sent, end);
            var answer = await TryAsync(isLast ? "PUT" : "PATCH", isLast ? location.WithDigest(blob.Digest) : location, blob.Bytes[position..end]);
            if (answer is { Status: 201 })
            {
                return true;
            }

            if (answer is { Status: 202 } && !isLast)
            {
                position = LengthOf(answer) == end ? end : throw new ViolationException($"{end} bytes were sent to {location}, and acknowledged as {answer}");
                location = answer.Location;
                continue;
            }

            if (answer is { Status: not (404 or 408 or 409 or 416 or 429 or >= 500) })
            {
                throw new ViolationException($"a chunk for {location} was answered {answer}");
            }

            await Task.Delay(Pause);
            answer = await repeating.GetAnswerAsync(location);
            if (answer.Status == 404)
            {
                return (sent == blob.Bytes.Length && (await repeating.HeadAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}")).Status == 200) || CheckEnd(location, begin);
            }

            var received = LengthOf(Expect(204, answer));
            CheckPosition(location, received, position, sent, sent == blob.Bytes.Length, begin);
            if (received < MinChunk)
            {
                // One byte and none look the same.
                return false;
            }

            counts.AddResumed();
            (position, location) = (received, answer.Location);
        }
    }

    // An upload ends without its client only when something has failed.
    private bool CheckEnd(string location, long begin) => cluster.NodesExplain(begin) || cluster.DatabaseFaults.Explain(begin) || cluster.BucketFaults.Explain(begin)
        ? false
        : throw new ViolationException($"the upload {location} is gone, and no fault explains it");

    private void CheckPosition(string location, int received, int acknowledged, int sent, bool isAllSent, long begin)
    {
        // The position is saved without a sync, so a crash of the database may lose the last ones. A last chunk that fails may take the upload back to its beginning.
        var mayBeLess = cluster.DatabaseFaults.Explain(begin) || (isAllSent && received < MinChunk);
        if ((received < acknowledged && !mayBeLess) || received > sent)
        {
            throw new ViolationException($"{location} has {received} bytes; {acknowledged} were acknowledged, and {sent} were sent");
        }
    }

    // Null without an answer.
    private async Task<Answer?> TryAsync(string method, string location, byte[] bytes)
    {
        try
        {
            return await single.RequestAsync(method, location, bytes);
        }
        catch (Exception e) when (e is TimeoutException || e.IsLostConnection())
        {
            return null;
        }
    }

    private static int LengthOf(Answer answer) => int.Parse(answer["Range"]!.Split('-')[1], CultureInfo.InvariantCulture) + 1;

    private static Answer Expect(int status, Answer answer) => answer.Status == status ? answer : throw new ViolationException($"expected {status}, was answered {answer}");
}
