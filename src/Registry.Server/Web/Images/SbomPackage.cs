namespace Registry.Server.Web.Images;

/// <summary>A package in a bill of materials.</summary>
/// <param name="Name">Its name, with its group.</param>
/// <param name="Version">Its version; empty if the bill has none.</param>
/// <param name="License">Its license, as the bill states it; empty if it states none.</param>
internal sealed record SbomPackage(string Name, string Version, string License);
