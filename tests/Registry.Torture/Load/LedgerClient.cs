using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Registry.Testing;

namespace Registry.Torture.Load;

/// <summary>A client that records its responses in the ledger, and can check the ledger against the registry.</summary>
/// <param name="address">Address of the registry.</param>
/// <param name="ledger">Ledger of its responses.</param>
/// <param name="mayFail">Whether the registry may answer 503 and 507, with an error of the protocol and without a change.</param>
/// <param name="isRefusalDoubt">
/// True when a refused change may have taken effect: a sync that the power made fail may have written the data.
/// </param>
/// <param name="mayFailReads">With <paramref name="mayFail"/>, number of times that a read of the same content may fail in a row.</param>
/// <param name="through">Handler of its requests, with a time limit of its own; null for one that only sends them.</param>
internal sealed class LedgerClient(
    Uri address, Ledger ledger, bool mayFail = false, bool isRefusalDoubt = false, int mayFailReads = 1, HttpMessageHandler? through = null) : IDisposable
{
    private readonly HttpClient _http = new(through ?? new SocketsHttpHandler { UseProxy = false })
    {
        BaseAddress = address,
        Timeout = through is null ? Patience.Limit : Timeout.InfiniteTimeSpan,
    };

    /// <summary>Number of acknowledged changes.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>Number of changes refused with 503 or 507.</summary>
    public int Refused { get; private set; }

    public static string ManifestPath(string repository, string reference) => $"/v2/{repository}/manifests/{reference}";

    public static string BlobPath(string repository, string digest) => $"/v2/{repository}/blobs/{digest}";

    public void Dispose() => _http.Dispose();

    /// <summary>Pushes a blob in one request.</summary>
    public Task<bool> PushAsync(string repository, TestBlob blob) => ChangeAsync(
        201, () => _http.RequestAsync("POST", $"/v2/{repository}/blobs/uploads/?digest={blob.Digest}", blob.Bytes), (BlobPath(repository, blob.Digest), blob.Digest));

    /// <summary>Pushes a blob in a session, half of it in a request of its own.</summary>
    public async Task<bool> PushInPiecesAsync(string repository, TestBlob blob) =>
        await BeginAsync(repository, blob) is { } upload && await FinishAsync(upload, upload.Acknowledged);

    /// <summary>Begins an upload and sends half of it; null if that was refused.</summary>
    public async Task<PendingUpload?> BeginAsync(string repository, TestBlob blob)
    {
        var begun = await _http.RequestAsync("POST", $"/v2/{repository}/blobs/uploads/");
        if (!Succeeded(202, begun))
        {
            return null;
        }

        var location = new Uri(address, begun.Location).PathAndQuery;
        var half = blob.Bytes.Length / 2;
        var appended = await _http.RequestAsync("PATCH", location, blob.Bytes[..half]);
        if (!Succeeded(202, appended))
        {
            await CancelAsync(location);
            return null;
        }

        return new PendingUpload(repository, blob, new Uri(address, appended.Location).PathAndQuery, half);
    }

    /// <summary>Sends the rest of an upload from an offset and makes it a blob.</summary>
    public async Task<bool> FinishAsync(PendingUpload upload, int offset)
    {
        var finished = await ChangeAsync(
            201,
            () => _http.RequestAsync("PUT", upload.Location.WithDigest(upload.Blob.Digest), upload.Blob.Bytes[offset..]),
            (BlobPath(upload.Repository, upload.Blob.Digest), upload.Blob.Digest));
        if (!finished)
        {
            await CancelAsync(upload.Location);
        }

        return finished;
    }

    /// <summary>Asks for the length of an upload, compares it with the acknowledged bytes, and sends the rest.</summary>
    /// <param name="upload">The upload.</param>
    /// <param name="mayBeGone">Whether what was acknowledged may be lost, as after a power cut.</param>
    /// <returns>True when it became a blob.</returns>
    public async Task<bool> ResumeAsync(PendingUpload upload, bool mayBeGone)
    {
        var status = await _http.GetAnswerAsync(upload.Location);
        var range = status.Status == 204 ? status["Range"]!.Split('-') : null;
        var received = range is null ? 0 : int.Parse(range[1], CultureInfo.InvariantCulture) + 1;
        if (!mayBeGone && received < upload.Acknowledged)
        {
            throw new ViolationException($"{upload.Location} has {received} bytes, and {upload.Acknowledged} were acknowledged: {status}");
        }

        if (received <= 1 || received > upload.Blob.Bytes.Length)
        {
            // "0-0" may be one byte or none; beginning again costs little in either case.
            return await PushAsync(upload.Repository, upload.Blob);
        }

        return await FinishAsync(upload with { Location = new Uri(address, status.Location).PathAndQuery }, received);
    }

    /// <summary>Pushes an image with its blobs, by tag.</summary>
    public async Task<bool> PushAsync(string repository, TestImage image, string tag, bool inPieces = false)
    {
        foreach (var blob in image.Blobs)
        {
            if (!await (inPieces ? PushInPiecesAsync(repository, blob) : PushAsync(repository, blob)))
            {
                // No manifest will need the earlier blobs, so they may be collected.
                Loosen(repository, image);
                return false;
            }
        }

        return await TagAsync(repository, image, tag);
    }

    /// <summary>Pushes a manifest by tag.</summary>
    public Task<bool> TagAsync(string repository, TestImage image, string tag) => ChangeAsync(
        201,
        () => _http.PutManifestAsync(repository, tag, image),
        (ManifestPath(repository, tag), image.Digest),
        (ManifestPath(repository, image.Digest), image.Digest));

    /// <summary>Asks whether a blob exists; null for an answer that promises nothing, since the storage or the power fails.</summary>
    public async Task<bool?> HasAsync(string repository, TestBlob blob)
    {
        var answer = await _http.HeadAnswerAsync(BlobPath(repository, blob.Digest));
        return answer.Status switch
        {
            _ when ledger.IsPowerFailing => null,
            200 => true,
            404 => false,
            503 or 507 when mayFail => null,
            _ => throw new ViolationException($"HEAD of {blob.Digest} was answered {answer}"),
        };
    }

    /// <summary>Deletes a tag.</summary>
    public Task<bool> UntagAsync(string repository, string tag) =>
        ChangeAsync(202, () => _http.RequestAsync("DELETE", ManifestPath(repository, tag)), (ManifestPath(repository, tag), Ledger.Absent));

    /// <summary>Deletes a manifest, and the tags that refer to it.</summary>
    public Task<bool> DeleteAsync(string repository, TestImage image)
    {
        Loosen(repository, image);
        return ChangeAsync(
            202,
            () => _http.RequestAsync("DELETE", ManifestPath(repository, image.Digest)),
            [.. ledger.Holding($"/v2/{repository}/manifests/", image.Digest).Select(path => (path, Ledger.Absent))]);
    }

    /// <summary>Deletes a blob from a repository.</summary>
    public Task<bool> DeleteAsync(string repository, TestBlob blob)
    {
        var path = BlobPath(repository, blob.Digest);
        ledger.Confirm(path, blob.Digest);
        return ChangeAsync(202, () => _http.RequestAsync("DELETE", path), (path, Ledger.Absent));
    }

    /// <summary>Reads all content in the ledger, and what its manifests need, and compares digests.</summary>
    /// <returns>Number of compared responses.</returns>
    public async Task<int> CheckAsync()
    {
        var blobs = new ConcurrentDictionary<string, byte>();
        var paths = ledger.Paths;
        await Parallel.ForEachAsync(paths, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (path, _) => await CheckAsync(path, blobs));
        foreach (var repository in paths.Select(path => path[4..path.LastIndexOf('/', path.LastIndexOf('/') - 1)]).Distinct().ToList())
        {
            await CheckTagsAsync(repository);
        }

        return paths.Count + blobs.Count;
    }

    /// <summary>Reads one path of the ledger.</summary>
    public Task CheckAsync(string path) => CheckAsync(path, new ConcurrentDictionary<string, byte>());

    private async Task CheckAsync(string path, ConcurrentDictionary<string, byte> blobs)
    {
        var answer = await GetAsync(path);
        ledger.Observe(path, answer.Status switch
        {
            200 => new TestBlob(answer.Body).Digest,
            404 => Ledger.Absent,
            _ => throw new ViolationException($"GET {path} was answered {answer}"),
        });
        if (answer.Status != 200 || !path.Contains("/manifests/", StringComparison.Ordinal))
        {
            return;
        }

        var repository = path[4..path.LastIndexOf("/manifests/", StringComparison.Ordinal)];
        foreach (var needed in Needs(repository, answer.Json))
        {
            if (!blobs.TryAdd(needed, 0))
            {
                continue;
            }

            var (found, digest) = (await GetAsync(needed), needed[(needed.LastIndexOf('/') + 1)..]);
            if (found.Status != 200 || new TestBlob(found.Body).Digest != digest)
            {
                throw new ViolationException($"{needed}, which {path} needs, was answered {found.Status} with {found.Body.Length} bytes");
            }
        }
    }

    // The children of an index are in the ledger themselves, with what they need.
    private static IEnumerable<string> Needs(string repository, JsonElement manifest) => manifest.TryGetProperty("manifests", out var children)
        ? children.EnumerateArray().Select(child => ManifestPath(repository, DigestOf(child)))
        : manifest.GetProperty("layers").EnumerateArray().Append(manifest.GetProperty("config")).Select(blob => BlobPath(repository, DigestOf(blob)));

    private static string DigestOf(JsonElement descriptor) => descriptor.GetProperty("digest").GetString()!;

    private async Task<Answer> GetAsync(string path)
    {
        var answer = await _http.GetAnswerAsync(path);
        for (var i = 0; i < mayFailReads && mayFail && answer.Status is (503 or 507) && IsError(answer); i++)
        {
            answer = await _http.GetAnswerAsync(path);
        }

        return answer;
    }

    /// <summary>Compares the list of tags with those that must be there.</summary>
    public async Task CheckTagsAsync(string repository)
    {
        var prefix = $"/v2/{repository}/manifests/";
        var promised = ledger.Paths.Where(path => path.StartsWith(prefix, StringComparison.Ordinal) && ledger.Find(path) is not null)
            .Select(path => path[prefix.Length..]).Where(reference => !reference.Contains(':', StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        var answer = await _http.GetAnswerAsync($"/v2/{repository}/tags/list?n=10000");
        var listed = answer.Status == 200 ? answer.Strings("tags") : [];
        if (answer.Status is not (200 or 404) || !promised.SequenceEqual(listed.Order(StringComparer.Ordinal)))
        {
            throw new ViolationException($"the tags of {repository} are {string.Join(", ", promised)}, and were listed as {answer}");
        }
    }

    /// <summary>Compares the catalog with the repositories that must have manifests.</summary>
    public async Task CheckCatalogAsync()
    {
        var promised = ledger.Paths.Where(path => path.Contains("/manifests/", StringComparison.Ordinal) && ledger.Find(path) is not null)
            .Select(path => path[4..path.LastIndexOf("/manifests/", StringComparison.Ordinal)]).Distinct().Order(StringComparer.Ordinal).ToList();
        var answer = await _http.GetAnswerAsync("/v2/_catalog?n=10000");
        if (answer.Status != 200 || !promised.SequenceEqual(answer.Strings("repositories").Order(StringComparer.Ordinal)))
        {
            throw new ViolationException($"the repositories are {string.Join(", ", promised)}, and were listed as {answer}");
        }
    }

    // From now on its blobs may be collected; other manifests that need them answer for them.
    private void Loosen(string repository, TestImage image)
    {
        foreach (var blob in image.Blobs)
        {
            ledger.Loosen(BlobPath(repository, blob.Digest), blob.Digest);
        }
    }

    // If even that fails, the session is left to expire.
    private Task<Answer> CancelAsync(string location) => _http.RequestAsync("DELETE", location);

    // True if it was acknowledged. A response while the power fails proves nothing.
    private async Task<bool> ChangeAsync(int expected, Func<Task<Answer>> send, params (string Path, string Value)[] changes)
    {
        foreach (var (path, value) in changes)
        {
            ledger.Begin(path, value);
        }

        var succeeded = Succeeded(expected, await send());
        var isLate = ledger.IsPowerFailing;
        foreach (var (path, value) in changes)
        {
            if (succeeded && isLate)
            {
                ledger.ConfirmLate(path, value);
            }
            else if (succeeded)
            {
                ledger.Confirm(path, value);
            }
            else if (!isRefusalDoubt)
            {
                ledger.Refuse(path);
            }
        }

        return succeeded && !isLate;
    }

    private bool Succeeded(int expected, Answer answer)
    {
        if (answer.Status == expected)
        {
            Acknowledged++;
            return true;
        }

        if (!mayFail || answer.Status is not (503 or 507) || !IsError(answer))
        {
            throw new ViolationException($"expected {expected}, was answered {answer}");
        }

        Refused++;
        return false;
    }

    private static bool IsError(Answer answer)
    {
        try
        {
            var error = answer.Json.GetProperty("errors")[0];
            return error.GetProperty("code").GetString()!.Length > 0 && error.GetProperty("message").GetString()!.Length > 0;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            return false;
        }
    }
}
