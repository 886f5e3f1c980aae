namespace Registry.Testing;

/// <summary>Pushes that prepare a test. They throw when they fail.</summary>
public static class PushExtensions
{
    /// <summary>Begins an upload.</summary>
    /// <returns>Location of the upload.</returns>
    public static async Task<string> BeginUploadAsync(this HttpClient client, string repository) =>
        Expect(202, await client.RequestAsync("POST", $"/v2/{repository}/blobs/uploads/")).Location;

    /// <summary>Adds the digest that ends an upload to its Location, which may already have a query.</summary>
    public static string WithDigest(this string location, string digest)
    {
        ArgumentNullException.ThrowIfNull(location);
        return $"{location}{(location.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={digest}";
    }

    /// <summary>URL of an upload without the registry's query, as built by a client that keeps only the id.</summary>
    public static string WithoutPosition(this string location)
    {
        ArgumentNullException.ThrowIfNull(location);
        return location.Split('?')[0];
    }

    /// <summary>Id of an upload, from its Location.</summary>
    public static string UploadId(this string location) => location.WithoutPosition().Split('/')[^1];

    /// <summary>Uploads a blob in one request.</summary>
    public static async Task<TestBlob> PushBlobAsync(this HttpClient client, string repository, TestBlob blob, string algorithm = "sha256")
    {
        ArgumentNullException.ThrowIfNull(blob);
        Expect(201, await client.RequestAsync("POST", $"/v2/{repository}/blobs/uploads/?digest={blob.In(algorithm)}", blob.Bytes));
        return blob;
    }

    /// <summary>Puts only a manifest.</summary>
    public static Task<Answer> PutManifestAsync(
        this HttpClient client, string repository, string reference, TestImage image, params (string Name, string Value)[] headers)
    {
        ArgumentNullException.ThrowIfNull(image);
        return client.RequestAsync(
            "PUT", $"/v2/{repository}/manifests/{reference}", image.Manifest.Bytes, [("Content-Type", image.MediaType), .. headers ?? []]);
    }

    /// <summary>Pushes blobs, children and manifest, by digest and with tags.</summary>
    public static async Task<TestImage> PushAsync(this HttpClient client, string repository, TestImage image, params string[] tags)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(tags);
        foreach (var blob in image.Blobs)
        {
            await client.PushBlobAsync(repository, blob);
        }

        foreach (var child in image.Children)
        {
            await client.PushAsync(repository, child);
        }

        Expect(201, await client.PutManifestAsync(repository, image.Digest, image));
        foreach (var tag in tags)
        {
            Expect(201, await client.PutManifestAsync(repository, tag, image));
        }

        return image;
    }

    private static Answer Expect(int status, Answer answer) =>
        answer.Status == status ? answer : throw new InvalidOperationException($"Expected {status}, got {answer}");
}
