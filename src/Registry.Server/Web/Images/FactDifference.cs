namespace Registry.Server.Web.Images;

/// <summary>A fact in which two images differ.</summary>
/// <param name="Name">Name of the fact, such as that of a label.</param>
/// <param name="First">Value of the first image; null if it has none.</param>
/// <param name="Second">Value of the second one; null if it has none.</param>
internal sealed record FactDifference(string Name, string? First, string? Second);
