using System.Globalization;
using System.Text.Json;
using Registry.Testing;
using Registry.Testing.Connections;

namespace Registry.Torture.Mirroring;

/// <summary>
/// Pulls through the mirror, and judges the answers: right, an error that says that the upstream has not given it, or a broken connection. A body that ends in good order is right.
/// </summary>
/// <param name="mirror">The mirror.</param>
/// <param name="content">What the upstream has.</param>
/// <param name="tally">Counts the answers.</param>
internal sealed class MirrorClient(HttpClient mirror, UpstreamContent content, PullTally tally)
{
    private const string Prefix = "up";

    /// <summary>Pulls a tag, and the image that it names.</summary>
    /// <returns>The digest of the image, or <see cref="UpstreamContent.Absent"/>; null if the upstream or the connection has failed.</returns>
    public async Task<string?> PullTagAsync(UpstreamTag tag, Random random, bool withBlobs = true)
    {
        var before = tag.Seen;
        var path = $"/v2/{Prefix}/{tag.Repository}/manifests/{tag.Name}";
        if (await AskAsync(random.Next(3) == 0 ? "HEAD" : "GET", path) is not { } answer)
        {
            return null;
        }

        var digest = answer.Status == 404 ? UpstreamContent.Absent : answer["Docker-Content-Digest"]!;
        if (!tag.Note(digest, before))
        {
            throw new ViolationException($"{path} was {digest}, which it has never been, or not since what a client has got before: {answer}");
        }

        if (answer.Status == 200 && answer.Body.Length > 0 && new TestBlob(answer.Body).Digest != digest)
        {
            throw new ViolationException($"{path} has other bytes than {digest}: {answer}");
        }

        return answer.Status == 404 || !withBlobs || await PullAsync(content.Find(digest)!, random) ? digest : null;
    }

    /// <summary>Pulls an image by its digest, with all blobs.</summary>
    /// <returns>False if the upstream or a connection has failed.</returns>
    public async Task<bool> PullAsync(UpstreamImage image, Random random)
    {
        var isWhole = await GetAsync(image, "manifests", image.Digest);
        foreach (var (digest, size) in image.Blobs)
        {
            if (random.Next(4) == 0 && size > 1)
            {
                await GetRangeAsync(image, digest, size, random);
            }

            isWhole &= await GetAsync(image, "blobs", digest);
        }

        if (isWhole)
        {
            content.Pulled(image);
        }

        return isWhole;
    }

    private async Task<bool> GetAsync(UpstreamImage image, string kind, string digest)
    {
        var path = $"/v2/{Prefix}/{image.Repository}/{kind}/{digest}";
        if (await AskAsync("GET", path) is not { } answer)
        {
            return false;
        }

        return answer.Status == 200 && new TestBlob(answer.Body).Digest == digest
            ? true
            : throw new ViolationException($"{path}, which the upstream has, was answered {answer.Status} with {answer.Body.Length} bytes that are {new TestBlob(answer.Body).Digest}: {answer}");
    }

    // Inner ranges may be wrong before the whole is known. The last byte comes only after that.
    private async Task GetRangeAsync(UpstreamImage image, string digest, int size, Random random)
    {
        var from = random.Next(size);
        var to = random.Next(2) == 0 ? size - 1 : random.Next(from, size);
        var path = $"/v2/{Prefix}/{image.Repository}/blobs/{digest}";
        if (await AskAsync("GET", path, ("Range", string.Create(CultureInfo.InvariantCulture, $"bytes={from}-{to}"))) is not { } part)
        {
            return;
        }

        if (part.Status != 206 || part.Body.Length != to - from + 1)
        {
            throw new ViolationException($"bytes {from} to {to} of {path} were answered {part.Status} with {part.Body.Length} bytes: {part}");
        }

        if (part["Cache-Control"]?.Contains("no-store", StringComparison.Ordinal) is true && to < size - 1)
        {
            return;
        }

        if (await AskAsync("GET", path) is { Status: 200 } whole && !whole.Body.AsSpan(from, part.Body.Length).SequenceEqual(part.Body))
        {
            throw new ViolationException($"bytes {from} to {to} of {path} were others than those of the whole");
        }
    }

    // Null for what an upstream that fails may lead to.
    private async Task<Answer?> AskAsync(string method, string path, params (string, string)[] headers)
    {
        Answer answer;
        try
        {
            answer = await mirror.RequestAsync(method, path, null, headers);
        }
        catch (Exception e) when (e.IsLostConnection())
        {
            tally.Broken();
            return null;
        }

        if (answer.Status == 502 && (method == "HEAD" || IsError(answer)))
        {
            tally.Refused();
            return null;
        }

        tally.Right();
        return answer.Status is 200 or 206 || (answer.Status == 404 && !path.Contains("sha256:", StringComparison.Ordinal))
            ? answer
            : throw new ViolationException($"{method} {path} was answered {answer}");
    }

    private static bool IsError(Answer answer)
    {
        try
        {
            return answer.Json.GetProperty("errors").GetArrayLength() > 0;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
