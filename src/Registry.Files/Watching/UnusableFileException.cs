namespace Registry.Files.Watching;

/// <summary>Thrown when a file that a setting names cannot be read or understood.</summary>
/// <param name="message">The reason as a clause; without the path if there is only one file.</param>
/// <param name="inner">The cause.</param>
public sealed class UnusableFileException(string message, Exception inner) : Exception(message, inner);
