using Registry.Core.Oci;

namespace Registry.Core.Inventory.Names;

/// <summary>Manifests that list another one, as people know them.</summary>
/// <param name="Tags">Their tags, up to <see cref="InventoryOperations.MostTags"/>, in ordinal order.</param>
/// <param name="IsInTrash">True if one of them is deleted, and can be restored.</param>
public sealed record ManifestHolders(IReadOnlyList<Tag> Tags, bool IsInTrash);
