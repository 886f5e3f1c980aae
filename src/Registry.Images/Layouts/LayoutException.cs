namespace Registry.Images.Layouts;

/// <summary>Thrown when an image cannot be exported, imported or copied. The message names the object and its fault, for people.</summary>
public sealed class LayoutException : Exception
{
    public LayoutException(string message)
        : base(message)
    {
    }

    public LayoutException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
