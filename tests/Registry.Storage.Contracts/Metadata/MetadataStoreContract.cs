using Registry.Core.Errors;
using Registry.Core.Metadata;
using Registry.Core.Oci;

namespace Registry.Storage.Contracts.Metadata;

/// <summary>Contract of <see cref="IMetadataStore"/>. Its parts are in the files beside this one.</summary>
public abstract partial class MetadataStoreContract(IMetadataEngine engine) : IAsyncDisposable
{
    private static readonly RepositoryName A = Samples.Repository("a");
    private static readonly RepositoryName B = Samples.Repository("b/c");

    private IMetadataStore Metadata => engine.Metadata;

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private Task<RegistryError?> LinkAsync(RepositoryName repository, string blob) =>
        Metadata.LinkBlobAsync(repository, Samples.Digest(blob), blob.Length);

    /// <summary>Links the blobs of an image and records its manifest.</summary>
    private async Task<byte[]> PushImageAsync(RepositoryName repository, string name, params string[] tags)
    {
        await LinkAsync(repository, $"{name} config");
        await LinkAsync(repository, $"{name} layer");
        var image = Samples.Image($"{name} config", [Samples.Layer($"{name} layer")]);
        Assert.Null((await Metadata.PutManifestAsync(Samples.Put(repository, image, tags))).Error);
        return image;
    }

    private Task<StoredManifest?> FindAsync(RepositoryName repository, string reference)
    {
        Assert.True(Reference.TryParse(reference, out var parsed));
        return Metadata.FindManifestAsync(repository, parsed);
    }

    private Task<StoredManifest?> FindAsync(RepositoryName repository, byte[] manifest) =>
        Metadata.FindManifestAsync(repository, Samples.Digest(manifest));

    private async Task<RegistryError?> DeleteAsync(RepositoryName repository, Reference reference, Precondition? precondition = null) =>
        (await Metadata.DeleteManifestAsync(repository, reference, precondition ?? Precondition.None)).Error;

    private async Task<IReadOnlyList<string>?> TagsAsync(RepositoryName repository) =>
        (await Metadata.ListTagsAsync(repository, null, 1000))?.Items;

    private async Task<IReadOnlyList<string>> RepositoriesAsync() => (await Metadata.ListRepositoriesAsync([RepositoryRange.All], null, 1000)).Items;

    private static void AssertRefused(RegistryErrorCode expected, RegistryError? error)
    {
        Assert.NotNull(error);
        Assert.Same(expected, error.Code);
    }
}
