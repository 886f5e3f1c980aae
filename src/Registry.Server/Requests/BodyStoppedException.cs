using Registry.Core.Errors;

namespace Registry.Server.Requests;

/// <summary>Thrown when a request body is not read any further: it arrives too slowly, or its memory is needed for other clients.</summary>
internal sealed class BodyStoppedException(RegistryError error) : Exception(error.ToString())
{
    /// <summary>The error for the client.</summary>
    public RegistryError Error { get; } = error;
}
