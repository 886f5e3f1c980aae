using Registry.Core.Oci;

namespace Registry.Server.Web.Images;

/// <summary>A layer of an image, or a file of an artifact.</summary>
/// <param name="Blob">Its descriptor.</param>
/// <param name="Title">Name of the file, as the manifest says; null without one.</param>
/// <param name="Instruction">Instruction of the build that made it, as the config says; null if it does not say.</param>
internal sealed record ImageLayer(Descriptor Blob, string? Title, string? Instruction);
