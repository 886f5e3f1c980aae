using Registry.Core;
using Registry.Core.Changes;
using Registry.Images;
using Registry.Storage;

namespace Registry.Server.Maintenance;

/// <summary>Registry that is maintained.</summary>
/// <param name="Storage">Its storage.</param>
/// <param name="Core">The core on the storage.</param>
/// <param name="Origin">Origin of the changes that the maintenance makes.</param>
/// <param name="Time">The clock.</param>
/// <param name="IsServing">True if the registry answers requests meanwhile, so that memory and disk are shared with them.</param>
internal sealed record MaintenanceTarget(RegistryStorage Storage, RegistryCore Core, ChangeOrigin Origin, TimeProvider Time, bool IsServing)
{
    /// <summary>Creates a writer of images, which stops when the registry becomes read-only.</summary>
    public ImageWriter CreateWriter() => new(Core.Metadata, Core.Uploads, Core.Manifests, Origin, () => Core.IsReadOnly);
}
