namespace Registry.Server.Web.Images;

/// <summary>A layer of one of two images, or of both.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="IsInFirst">True if the first image has it.</param>
/// <param name="IsInSecond">True if the second one has it.</param>
internal sealed record LayerDifference(ImageLayer Layer, bool IsInFirst, bool IsInSecond);
