namespace Registry.Interop.Tests.Documentation;

/// <summary>Block of commands of a document, with their documented results.</summary>
/// <param name="Commands">Commands that the reader copies into a shell.</param>
/// <param name="ExitCode">Exit code of the last command; the others end with 0.</param>
/// <param name="Expected">
/// Documented output, or null when the document does not show it. An ellipsis (…) stands for any text in a line, and alone on a line for
/// any number of lines.
/// </param>
internal sealed record Step(string Commands, int ExitCode, string? Expected);
