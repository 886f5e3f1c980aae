namespace Registry.Interop.Tests.Documentation;

/// <summary>A block of commands of a document, and what the document says about them.</summary>
/// <param name="Commands">What the reader copies into a shell.</param>
/// <param name="ExitCode">How the last command ends; the others end with 0.</param>
/// <param name="Expected">
/// What they print, or null when the document does not show it. An ellipsis (…) stands for anything within a line, and alone on a line for
/// any number of lines.
/// </param>
internal sealed record Step(string Commands, int ExitCode, string? Expected);
