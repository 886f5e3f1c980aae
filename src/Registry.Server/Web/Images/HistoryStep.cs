namespace Registry.Server.Web.Images;

/// <summary>A step of the build of an image (OCI image-spec, config.md, "history").</summary>
/// <param name="Instruction">The instruction.</param>
/// <param name="HasLayer">True if it made a layer.</param>
internal sealed record HistoryStep(string Instruction, bool HasLayer);
