namespace Registry.Testing.Signatures;

/// <summary>A signature or attestation that cosign has made.</summary>
/// <param name="Subject">Digest of the image.</param>
/// <param name="Tag">Tag of its manifest; null for a referrer.</param>
/// <param name="Artifact">Its manifest, with its blobs.</param>
public sealed record RecordedSignature(string Subject, string? Tag, TestImage Artifact)
{
    /// <summary>Pushes it as cosign does.</summary>
    public Task PushAsync(HttpClient client, string repository) => client.PushAsync(repository, Artifact, Tag is null ? [] : [Tag]);

    /// <summary>Path of its manifest, as cosign stores it.</summary>
    public string Path(string repository) => $"/v2/{repository}/manifests/{Tag ?? Artifact.Digest}";
}
