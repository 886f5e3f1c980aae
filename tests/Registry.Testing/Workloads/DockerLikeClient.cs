using System.Security.Cryptography;

namespace Registry.Testing.Workloads;

/// <summary>Sends the requests that docker sends, and checks the digest of every response.</summary>
public static class DockerLikeClient
{
    private const int ReadSize = 64 * 1024;

    /// <summary>Pushes an image: a HEAD for each blob, the missing blobs in chunks, and the manifest under a tag.</summary>
    /// <returns>The bytes that were sent.</returns>
    public static async Task<long> PushImageAsync(this HttpClient client, string repository, TestImage image, string tag)
    {
        var sent = 0L;
        foreach (var blob in image.Blobs)
        {
            sent += await client.PushMissingBlobAsync(repository, blob);
        }

        Expect(201, await client.PutManifestAsync(repository, tag, image), tag);
        return sent + image.Manifest.Bytes.Length;
    }

    /// <summary>Uploads a blob as docker does, unless the repository has it.</summary>
    /// <returns>Number of sent bytes.</returns>
    public static async Task<long> PushMissingBlobAsync(this HttpClient client, string repository, TestBlob blob)
    {
        if ((await client.HeadAnswerAsync($"/v2/{repository}/blobs/{blob.Digest}")).Status == 200)
        {
            return 0;
        }

        var location = (await client.RequestAsync("POST", $"/v2/{repository}/blobs/uploads/")).ExpectLocation(202);
        location = (await client.StreamAsync("PATCH", location, blob.Bytes)).ExpectLocation(202);
        Expect(201, await client.RequestAsync("PUT", location.WithDigest(blob.Digest), []), blob.Digest);
        return blob.Bytes.Length;
    }

    /// <summary>Mounts a blob from another repository.</summary>
    public static async Task MountAsync(this HttpClient client, string repository, string from, TestBlob blob) =>
        Expect(201, await client.RequestAsync("POST", $"/v2/{repository}/blobs/uploads/?mount={blob.Digest}&from={from}"), blob.Digest);

    /// <summary>Resolves a tag.</summary>
    /// <returns>Digest of the tag's manifest.</returns>
    public static async Task<string> ResolveAsync(this HttpClient client, string repository, string tag)
    {
        var head = Expect(200, await client.HeadAnswerAsync($"/v2/{repository}/manifests/{tag}", ("Accept", TestImage.OciManifest)), tag);
        return head["Docker-Content-Digest"] ?? throw new WorkloadException($"{repository}:{tag} has no digest.");
    }

    /// <summary>Pulls an image: resolves the tag, gets the manifest by its digest, and all its blobs at once.</summary>
    /// <returns>Number of received bytes.</returns>
    public static async Task<long> PullImageAsync(this HttpClient client, string repository, string tag) =>
        await client.PullManifestAsync(repository, await client.ResolveAsync(repository, tag));

    /// <summary>Gets a manifest by its digest, and all its blobs at once.</summary>
    /// <returns>Number of received bytes.</returns>
    public static async Task<long> PullManifestAsync(this HttpClient client, string repository, string digest)
    {
        var manifest = Expect(200, await client.GetAnswerAsync($"/v2/{repository}/manifests/{digest}", ("Accept", TestImage.OciManifest)), digest);
        Compare(digest, SHA256.HashData(manifest.Body));
        var descriptors = manifest.Json.GetProperty("layers").EnumerateArray().Append(manifest.Json.GetProperty("config"));
        var blobs = await Task.WhenAll(descriptors.Select(descriptor => client.PullBlobAsync(repository, descriptor.GetProperty("digest").GetString()!)));
        return manifest.Body.Length + blobs.Sum();
    }

    /// <summary>Gets a blob.</summary>
    /// <returns>Length of the blob.</returns>
    public static async Task<long> PullBlobAsync(this HttpClient client, string repository, string digest)
    {
        using var answer = await client.GetAsync(new Uri($"/v2/{repository}/blobs/{digest}", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        if ((int)answer.StatusCode != 200)
        {
            throw new WorkloadException($"{digest}: {(int)answer.StatusCode} instead of 200.");
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var body = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[ReadSize];
        var length = 0L;
        for (int count; (count = await body.ReadAsync(buffer)) > 0; length += count)
        {
            hash.AppendData(buffer, 0, count);
        }

        Compare(digest, hash.GetHashAndReset());
        return length;
    }

    /// <summary>Returns a response, if it has the expected status.</summary>
    public static Answer Expect(int status, Answer answer, string what) =>
        answer.Status == status ? answer : throw new WorkloadException($"{what}: {status} expected, got {answer}");

    private static string ExpectLocation(this Answer answer, int status) => Expect(status, answer, "an upload").Location;

    private static void Compare(string digest, byte[] hash)
    {
        if ($"sha256:{Convert.ToHexStringLower(hash)}" != digest)
        {
            throw new WorkloadException($"What was asked for as {digest} is sha256:{Convert.ToHexStringLower(hash)}.");
        }
    }
}
