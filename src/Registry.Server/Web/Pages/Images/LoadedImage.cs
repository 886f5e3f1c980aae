using Registry.Core.Metadata;
using Registry.Server.Web.Images;

namespace Registry.Server.Web.Pages.Images;

/// <summary>A manifest with its bytes and what they say.</summary>
/// <param name="Stored">Record of the manifest.</param>
/// <param name="Bytes">The bytes as they are stored.</param>
/// <param name="View">What they say, with the config of an image.</param>
internal sealed record LoadedImage(StoredManifest Stored, ReadOnlyMemory<byte> Bytes, ImageView View);
