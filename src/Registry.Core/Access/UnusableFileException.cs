namespace Registry.Core.Access;

/// <summary>A file that a setting names cannot be read or understood.</summary>
/// <param name="message">The reason as a clause, without the path of a single file.</param>
/// <param name="inner">What was thrown.</param>
public sealed class UnusableFileException(string message, Exception inner) : Exception(message, inner);
