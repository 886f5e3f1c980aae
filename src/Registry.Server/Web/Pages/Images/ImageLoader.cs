using Registry.Core.Errors;
using Registry.Core.Manifests;
using Registry.Core.Oci;
using Registry.Server.Memory;
using Registry.Server.Requests;
using Registry.Server.Web.Images;

namespace Registry.Server.Web.Pages.Images;

/// <summary>Reads manifests and configs for pages, within the memory of requests.</summary>
internal sealed class ImageLoader(ContentInspection inspection, RequestMemory memory)
{
    // Configs of images have some KiB; the largest that are in use have some hundred.
    private const long MaxConfig = 1024 * 1024;

    // The bill of a distribution with a thousand packages has a few MiB.
    private const long MaxSbom = 8 * 1024 * 1024;

    // Text and objects of what is read, as a multiple of its bytes.
    private const int ReadFactor = 6;

    /// <summary>Begins a reservation for images, which the caller disposes when its page is written.</summary>
    public MemoryReservation Open(RequestContext request) => memory.Rows.Open(request.MemoryHolder);

    /// <summary>Reads an image of the repository of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="reference">Its tag or digest.</param>
    /// <param name="reserved">Memory of the page.</param>
    /// <returns>The image; MANIFEST_UNKNOWN; or an error of the memory.</returns>
    public async Task<Result<LoadedImage>> LoadAsync(RequestContext request, Reference reference, MemoryReservation reserved)
    {
        var repository = request.Repository;
        if (!(await inspection.FindAsync(repository, reference)).TryGet(out var stored, out var error))
        {
            return error;
        }

        if (await ReserveAsync(request, reserved, (ReadFactor * stored.Size) + MaxConfig) is { } refused)
        {
            return refused;
        }

        if (await inspection.ReadAsync(stored, request.Aborted) is not { } bytes)
        {
            return RegistryErrorCode.ManifestUnknown;
        }

        var view = ImageView.Read(bytes);
        if (view is { Kind: "Image", Manifest.Config: { Size: <= MaxConfig } config }
            && await inspection.ReadBlobAsync(repository, config.Digest, MaxConfig, request.Aborted) is { } content && ImageConfig.Read(content) is { } read)
        {
            view = view.With(read);
        }

        return new LoadedImage(stored, bytes, view);
    }

    /// <summary>Reads the bill of materials that an artifact has as its first file of such a type.</summary>
    /// <param name="request">The request.</param>
    /// <param name="image">The artifact.</param>
    /// <param name="reserved">Memory of the page.</param>
    /// <returns>The bill; null if there is none, or a very large one; or an error of the memory.</returns>
    public async Task<Result<Sbom?>> LoadSbomAsync(RequestContext request, LoadedImage image, MemoryReservation reserved)
    {
        if (image.View.Layers.Select(layer => layer.Blob).FirstOrDefault(file => Sbom.IsOne(file.MediaType)) is not { Size: <= MaxSbom } blob)
        {
            return (Sbom?)null;
        }

        if (await ReserveAsync(request, reserved, ReadFactor * blob.Size) is { } refused)
        {
            return refused;
        }

        return await inspection.ReadBlobAsync(request.Repository, blob.Digest, blob.Size, request.Aborted) is { } content ? Sbom.Read(content) : null;
    }

    // A page reads two of them at most, so no single request waits for more than there is.
    private ValueTask<RegistryError?> ReserveAsync(RequestContext request, MemoryReservation reserved, long bytes) =>
        reserved.AddAsync(Math.Min(bytes, memory.Rows.Limit / 2), request.Aborted);
}
