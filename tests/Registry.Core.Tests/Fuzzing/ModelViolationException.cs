namespace Registry.Core.Tests.Fuzzing;

/// <summary>The registry has answered otherwise than the model.</summary>
internal sealed class ModelViolationException(string message) : Exception(message);
