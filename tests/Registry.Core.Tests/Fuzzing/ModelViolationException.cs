namespace Registry.Core.Tests.Fuzzing;

/// <summary>Thrown when an answer of the registry differs from that of the model.</summary>
internal sealed class ModelViolationException(string message) : Exception(message);
