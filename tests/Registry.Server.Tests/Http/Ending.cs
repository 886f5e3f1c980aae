namespace Registry.Server.Tests.Http;

/// <summary>How a client ends its connection.</summary>
public enum Ending
{
    Reset,
    Fin,
}
